internal import FUSE
