#!/bin/sh
# Everything that only a GPU can say, in about two and a half minutes: the tests compiled, the engine, the kernels.
# kernels/measure.sh FOLDER; every part has its own time limit and file, and one that fails takes no other with it.
# What is measured comes one after the other and alone; only tests and compiling share the GPU.
set -u
cd "$(dirname "$0")/.."
out=${1:-var/kernels}
python=${PYTHON:-python3}
mkdir -p "$out"
began=$(date +%s)
export PYTHONPATH=. COLUMNS=160
part() { # part SECONDS NAME COMMAND...: its output to a file
    limit=$1 name=$2; shift 2
    echo "$(($(date +%s) - began)) s: $name begins" >> "$out/log.txt"
    timeout "$limit" "$@" > "$out/$name.txt" 2>&1
    echo "$(($(date +%s) - began)) s: $name ended with $?" >> "$out/log.txt"
}
left() { echo $((${SECONDS_OF_ALL:-172} - ($(date +%s) - began))); }

nvidia-smi > "$out/card.txt" 2>&1
$python -c 'import platform as p, torch, triton
print(f"Python {p.python_version()}, torch {torch.__version__}, triton {triton.__version__}")' > "$out/versions.txt" 2>&1
cat "$out/versions.txt"

# Together: tests, and compiling for what is measured afterwards.
for file in tests/test_kernels_*.py tests/test_model_together.py; do
    part 85 "tests-$(basename "$file" .py)" $python -m pytest -c /dev/null --rootdir . --noconftest -p no:cacheprovider -q \
        --durations=3 "$file" &
done
part 75 warm-engine $python -m callcenter bench engine --sizes base --device cuda --no-search --seconds 1.4 --most 1 &
for size in base nano small tml-small; do
    part 75 "warm-$size" env TORCHINDUCTOR_COMPILE_THREADS=1 $python -m callcenter bench kernels --sizes $size --warm &
done
part 75 warm-blocks $python -m callcenter bench kernels --sizes base --blocks --warm --ops "ring_attention,experts,linear" \
    --seconds 60 &
wait
tail -n 4 "$out"/tests-*.txt

# Alone: the engine, then the kernels.
part 60 engine-base $python -m callcenter bench engine --sizes base --device cuda --no-search --seconds 12 --most 2048 \
    --rows "$out/engine.jsonl"
tail -n 1 "$out/engine-base.txt"
[ "$(left)" -gt 10 ] && part 40 engine $python -m callcenter bench engine --sizes nano,small --device cuda --no-search \
    --seconds 12 --most 2048 --rows "$out/engine.jsonl"
for size in base nano small tml-small; do
    [ "$(left)" -gt 8 ] && part "$(left)" "kernels-$size" $python -m callcenter bench kernels --sizes $size --seconds 18 \
        --rows "$out/kernels.jsonl"
done
[ "$(left)" -gt 10 ] && part "$(left)" blocks $python -m callcenter bench kernels --sizes base --blocks \
    --ops "ring_attention,experts,linear" --seconds "$(($(left) - 4))" --rows "$out/blocks.jsonl"
cat "$out"/kernels-*.txt "$out"/blocks.txt 2>/dev/null | grep -v '^{' | tail -n 90
cat "$out/log.txt"
