"""Nothing is lost: crashes, restarts and the life of processes."""
