"""plantrail as other Python programs import it: `plantrail.client`."""
