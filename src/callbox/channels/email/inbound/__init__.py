"""Mail that comes in: taken in by a listener, kept whole, and made into what it says by a job."""
