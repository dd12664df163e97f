"""The application conversation: ``flow`` decides, ``screens`` show, ``talk`` ties both to the chat."""
