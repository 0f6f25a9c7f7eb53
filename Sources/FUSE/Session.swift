internal import CFuse3
