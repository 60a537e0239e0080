"""Photos that GDAL does not read: raw files by LibRaw, HEIC by pillow-heif, AVIF by Pillow, JPEG XL by libjxl."""
