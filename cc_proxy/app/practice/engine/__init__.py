"""The engines behind the practice server: what reads the prompts, and keeps what it has read.

Without one named, the rules of the real one decide and nothing is computed. With `llama`, a real
llama.cpp server from the wheel `xllamacpp` reads each prompt, with the flags of Ollama's runner
and a small model of random weights. What is said comes from the scripts in both cases.
"""
