#!/bin/bash
# Gradescope runs this once, as root, when it makes the autograder's image: everything that grading needs is installed.
set -euo pipefail
root=${AUTOGRADER:-/autograder}

export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends bubblewrap strace gcc make libc6-dev libseccomp2 python3 python3-venv tzdata
new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }
python=python3
if ! new_enough python3; then # Ubuntu 22.04 has 3.10, and this one beside it
    apt-get install -y -qq --no-install-recommends python3.11 python3.11-venv
    python=python3.11
fi
"$python" -m venv "$root/grader"
"$root/grader/bin/pip" install --quiet "$root"/source/*.whl
