"""Trains the LoRA adapter that lets SmolLM2-135M drive the cat agent."""
