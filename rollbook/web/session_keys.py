"""What a session holds: the keys, and the generation of a session of staff."""

from typing import Final

from django.http import HttpRequest

STUDENT, CODE = "student", "student_code"  # of a student's session
BEGAN, SEEN = "began", "seen"  # of every session, in seconds
CONFIRMED: Final = "confirmed"  # of staff: when they proved again who they are, in seconds
SECOND_FACTOR: Final = "second_factor"  # of staff: whose second factor was used in this session
GENERATION: Final = "generation"  # of staff: User.session_generation at the sign-in


def generation(request: HttpRequest) -> int:
    """Return the generation of the session; 0 for one from before generations were noted."""
    noted: int = request.session.get(GENERATION, 0)
    return noted
