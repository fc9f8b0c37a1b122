"""The ground floor: database, clock, events, jobs and telemetry. Knows no resource of the API."""
