// Trainers live here, a file an algorithm.
