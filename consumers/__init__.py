"""Log to rows: at-least-once delivery, exactly-once effect."""
