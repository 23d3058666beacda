"""What the OpenAPI document says of answers: what they hold, and examples; nothing that an answer waits for."""
