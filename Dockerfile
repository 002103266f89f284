# One image for web, worker and migrate; the command chooses. See compose.yaml and docs/operations.md.
FROM python:3.13-slim

ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PYTHONPATH=/srv/rollbook ROLLBOOK_DATA_DIR=/srv/rollbook/data
WORKDIR /srv/rollbook

COPY requirements/run.txt requirements/
RUN pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements/run.txt

COPY manage.py LICENSE ./
COPY rollbook rollbook
# Once, instead of at each start of a process.
RUN python -m compileall -q rollbook
RUN useradd --system --uid 10001 --no-create-home rollbook && install -d -o rollbook data

USER rollbook
# If a static file is missing, this fails now instead of at the start. Its keys are made up and are not kept.
RUN env $(python -m rollbook keys) ROLLBOOK_ENV=production DATABASE_URL=postgresql:///none ROLLBOOK_PUBLIC_URL=https://build.invalid \
    ROLLBOOK_ALLOWED_HOSTS='["build.invalid"]' python manage.py collectstatic --no-input --verbosity 0

EXPOSE 8000
STOPSIGNAL SIGTERM
ENTRYPOINT ["python", "-m", "rollbook"]
CMD ["web", "--host", "0.0.0.0"]
