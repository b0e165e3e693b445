"""The window in which runs are made up, rehearsed, started, queued and found again."""
