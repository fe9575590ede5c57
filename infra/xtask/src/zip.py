"""Zips what .habeas/dist holds, byte for byte the same for the same content. usage: DIST TO ARCHITECTURE"""
import hashlib, os, shutil, sys, zipfile

ZIPPED_BYTES_MAX = 50 << 20
dist, to, architecture = sys.argv[1:]
shutil.rmtree(to, ignore_errors=True)
os.makedirs(to)
sums = []
for name in sorted(entry.name for entry in os.scandir(dist) if entry.is_dir()):
    folder = os.path.join(dist, name)
    files = sorted(os.path.join(base, file) for base, _, names in os.walk(folder) for file in names)
    file_name = f"{name}.zip" if name == "policy-layer" else f"{name}-{architecture}.zip"
    path = os.path.join(to, file_name)
    with zipfile.ZipFile(path, "w") as archive:
        for file in files:
            about = zipfile.ZipInfo(os.path.relpath(file, folder).replace(os.sep, "/"), (1980, 1, 1, 0, 0, 0))
            about.create_system = 3
            about.external_attr = (0o100755 if os.access(file, os.X_OK) else 0o100644) << 16
            about.compress_type = zipfile.ZIP_DEFLATED
            with open(file, "rb") as content:
                archive.writestr(about, content.read(), compresslevel=9)
    if os.path.getsize(path) > ZIPPED_BYTES_MAX:
        sys.exit(f"{path} is larger than Lambda takes ({ZIPPED_BYTES_MAX} bytes)")
    with open(path, "rb") as content:
        sums.append(f"{hashlib.sha256(content.read()).hexdigest()}  {file_name}")
with open(os.path.join(to, "SHA256SUMS"), "w") as file:
    file.write("\n".join(sums) + "\n")
print(len(sums), "zips")
