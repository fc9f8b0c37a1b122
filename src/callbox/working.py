"""What the job worker runs: the relay's subscribers, the jobs and the schedules of all rooms, in one list."""
