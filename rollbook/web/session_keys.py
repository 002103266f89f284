"""What a session holds: the keys, and the generation of a session of staff."""

from typing import Final

from django.http import HttpRequest

STUDENT, CODE = "student", "student_code"  # of a student's session
BEGAN, SEEN = "began", "seen"  # of every session, in seconds
GENERATION: Final = "generation"  # of staff: User.session_generation at the sign-in


def generation(request: HttpRequest) -> int:
    """Return the generation of the session; 0 for one from before generations were noted."""
    noted: int = request.session.get(GENERATION, 0)
    return noted
