"""What is said: conversations, messages, tickets."""
