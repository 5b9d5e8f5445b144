"""The package that other Python programs import: `plantrail.client`."""
