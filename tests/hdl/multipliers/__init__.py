"""Ways to multiply weights and inputs."""
