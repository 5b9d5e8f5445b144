"""Whatever the OpenAPI document allows and forbids, sent as every role: schemathesis looks for an answer it does not say."""
