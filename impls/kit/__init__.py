"""What travels: questions to code that runs on another machine, and the program that puts them there."""
