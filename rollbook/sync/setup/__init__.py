"""What a school has set up: integrations, credentials, limits, schedules."""
