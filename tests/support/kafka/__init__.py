"""A real Apache Kafka for the tests: KRaft mode, on loopback, jars by the pom beside this file."""
