"""What several tests share: model builders and the runtimes that serve as independent oracles."""
