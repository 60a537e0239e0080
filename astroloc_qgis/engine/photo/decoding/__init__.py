"""Photos that GDAL does not read: raw files with LibRaw, HEIC with pillow-heif, AVIF with Pillow."""
