"""The contestants: each module has `load(checkpoint, files, ...) -> TextToAudioModel`, unless its name begins with _.

Nothing here is imported by the suite that measures, and no contestant imports another.
"""
