#!/bin/sh
# Runs once, when the database is made. Web and workers log in as rollbook_app, which owns nothing. Only migrations use the owner.
set -eu
psql --set ON_ERROR_STOP=1 --set password="$ROLLBOOK_DATABASE_PASSWORD" --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<'SQL'
CREATE ROLE rollbook_app LOGIN PASSWORD :'password';
SQL
