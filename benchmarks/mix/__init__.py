"""A workspace at work: a realistic mix of reads, searches and writes on large data sets, at several processes."""
