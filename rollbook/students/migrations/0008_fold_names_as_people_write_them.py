"""Searches pass over apostrophes, hyphens and invisible characters; đ, ø, ł, æ are d, o, l, ae.

The rules are those of `roster.names.fold`, and a test compares the two. The column is made anew,
because PostgreSQL computes it when a row is written. For 100,000 students this takes about 4 s,
during which nobody can read or write them. The extension `unaccent` isn't used any more.
"""

from django.db import migrations

PASSED_OVER = (
    "'\u2019\u2018\u201b`\u00b4\u02bc\u02bb\u02bd\u02be\u02bf\u02b9\u02c8\u2032\u2035\uff07"
    "-\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u2043\ufe63\uff0d\u00ad"
    "\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\u034f\u061c"
    "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
    "\u00b7\u2022\u2027\u30fb\uff65"
)
LETTERS = (
    "đĐðÐøØłŁıħĦŧŦŋŊĸƀɃɓƁɗƊɖƉəƏɛƐɔƆɨƗƙƘƴƳɣƔǥǤȼȻɇɆɉɈɍɌɏɎⱥȺⱦȾƚȽɫⱢƶƵʉɄς",
    "ddddoollihhttnnkbbbbddddeeeeooiikkyyggggcceejjrryyaattllllzzuuσ",
)
TWO_LETTERS = {"ß": "ss", "ẞ": "ss", "æ": "ae", "Æ": "ae", "œ": "oe", "Œ": "oe", "þ": "th", "Þ": "th"}


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _letters() -> str:
    """Return the expression that replaces the letters that Unicode doesn't take apart."""
    folded = f"translate(lower(plain), {_quoted(LETTERS[0])}, {_quoted(LETTERS[1])})"
    for letter, letters in TWO_LETTERS.items():
        folded = f"replace({folded}, {_quoted(letter)}, {_quoted(letters)})"
    return folded


# A hyphen comes first in a bracket expression. \u00b4 would be decomposed into a space and a mark.
NOT_FOLDED = _quoted("[-" + PASSED_OVER.replace("-", "") + "\u0300-\u036f]+")
# `translate` looks for each letter in the whole list, so it is kept to the texts that need it:
# with it for all of them, 100,000 students took 7 s in place of 4.
# Of a name with spaces the text has the letters in one word as well, so that "mcdonald" finds
# Mc Donald. In Chinese, Japanese and Korean the family name is written in front without a space.
NEW = f"""
CREATE OR REPLACE FUNCTION students_fold(words text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
BEGIN ATOMIC
    SELECT CASE WHEN octet_length(plain) = length(plain) THEN lower(plain) ELSE {_letters()} END
    FROM (
        SELECT CASE
            WHEN octet_length(words) = length(words) THEN translate(words, '''`-', '')
            ELSE regexp_replace(
                normalize(replace(words, '\u00b4', ''), NFKD), {NOT_FOLDED}, '', 'g'
            )
        END AS plain
        OFFSET 0
    ) AS stripped;
END;

CREATE OR REPLACE FUNCTION students_search_text(
    first_name text, last_name text, middle_name text, preferred_name text,
    email text, student_number text, sis_id text
) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT students_fold(
        ' ' || first_name || ' ' || last_name
        || CASE WHEN first_name LIKE '% %' THEN ' ' || replace(first_name, ' ', '') ELSE '' END
        || CASE WHEN last_name LIKE '% %' THEN ' ' || replace(last_name, ' ', '') ELSE '' END
        || CASE
            WHEN octet_length(last_name) > length(last_name)
                AND last_name ~ '[\u2e80-\u9fff\uac00-\ud7a3\uf900-\ufaff]'
            THEN ' ' || last_name || first_name
            ELSE ''
        END
        || ' ' || coalesce(middle_name, '') || ' ' || coalesce(preferred_name, '') || ' '
        || email || ' ' || coalesce(student_number, '') || ' ' || coalesce(sis_id, '')
    );
END;
"""
OLD = """
CREATE OR REPLACE FUNCTION students_fold(words text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
BEGIN ATOMIC
    SELECT lower(unaccent('unaccent'::regdictionary, words));
END;

CREATE OR REPLACE FUNCTION students_search_text(
    first_name text, last_name text, middle_name text, preferred_name text,
    email text, student_number text, sis_id text
) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT students_fold(
        ' ' || first_name || ' ' || last_name || ' ' || coalesce(middle_name, '') || ' '
        || coalesce(preferred_name, '') || ' ' || email || ' ' || coalesce(student_number, '')
        || ' ' || coalesce(sis_id, '')
    );
END;
"""
COLUMN = """
ALTER TABLE students_studentaccount
    DROP COLUMN search_text,
    ADD COLUMN search_text text NOT NULL GENERATED ALWAYS AS (
        students_search_text(
            first_name, last_name, middle_name, preferred_name, email, student_number, sis_id
        )
    ) STORED;
"""


class Migration(migrations.Migration):
    dependencies = [("students", "0007_email_freed")]

    operations = [migrations.RunSQL(NEW + COLUMN, OLD + COLUMN)]
