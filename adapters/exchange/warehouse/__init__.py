"""Events, promises, findings and measures as Parquet files for a data warehouse (docs/warehouse.md)."""
