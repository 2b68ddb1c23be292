"""Float networks of files as torch modules, which are quantized as any other module is."""
