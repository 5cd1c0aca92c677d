"""What ships beside the program: topics, compose, configuration of brokers and servers."""
