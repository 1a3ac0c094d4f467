"""What the system tests share: processes, sockets, samples. Nothing here knows pytest."""
