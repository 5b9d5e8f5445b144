"""Benchmarks of plantrail. Each is run beside a reference that does less, because only ratios of one run are stable."""
