#!/bin/bash
# Gradescope runs this once, as root, when it makes the autograder's image: everything that grading needs is installed.
set -euo pipefail
root=${AUTOGRADER:-/autograder}

export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends bubblewrap strace gcc make libc6-dev libseccomp2 python3 python3-venv
python3 -m venv "$root/grader"
"$root/grader/bin/pip" install --quiet "$root"/source/*.whl
