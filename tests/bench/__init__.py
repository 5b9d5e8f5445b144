"""What plantrail costs, always beside something that does less: ratios in one run, because times are not stable."""
