"""How Auffusion is trained: data, VAE, vocoder, U-Net, each a stage that can be stopped and goes on as if it had not.

`python -m models.auffusion.train` runs the stages; none of this is needed to make sound.
"""
