"""Events, promises, findings and measures as Parquet files, for a warehouse to read: docs/warehouse.md says what is
where."""
