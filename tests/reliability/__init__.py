"""Kill tests: the program is killed between any two durable steps of a busy hour, and the hour is accounted for."""
