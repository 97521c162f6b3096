"""Runs as OpenTelemetry spans, sent to the collector that a person named."""
