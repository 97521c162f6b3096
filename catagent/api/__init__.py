"""What `import catagent` offers a program: a run as events, and a run shown."""
