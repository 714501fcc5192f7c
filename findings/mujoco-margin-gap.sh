#!/usr/bin/env bash
# In MuJoCo 4.0.0 the idiom margin = gap (see contacts early, without force) holds objects in the air: a box
# rests 20 mm above the floor.
#
# Package:  mujoco 4.0.0 against mujoco 3.8.0 (3.3.7 as 3.8.0, 3.9.0 as 4.0.0)
# Expected: with margin="0.01" gap="0.01" on box and floor a box of half size 0.05 rests at 0.0499 m, as in
#           3.8, whose header says "include in solver if dist<margin-gap".
# Seen:     it rests at 0.0699 m, the same as with margin="0.01" alone: gap no longer takes anything away from
#           margin, and the margins of both geoms add up.
# Matters:  models with contact buffers (for proximity sensing, or copied from older collections) load without
#           a word; grasps close on air and every object floats by its margin.
# Instead:  margin for the distance at which force begins (0), gap alone for the buffer; compare a resting
#           height after an upgrade.
source "$(dirname "${BASH_SOURCE[0]}")/environment.bash"
pip_install mujoco==4.0.0 numpy==2.4.6 typing-extensions==4.15.0
pip_install --no-deps --target "$work/before" mujoco==3.8.0
cat >"$work/seen.py" <<'PY'
import mujoco

heights = []
for buffer in ("", 'margin="0.01" gap="0.01"'):
    model = mujoco.MjModel.from_xml_string(f"""<mujoco><worldbody>
<geom type="plane" size="1 1 1" {buffer}/>
<body pos="0 0 0.06"><freejoint/><geom type="box" size=".05 .05 .05" {buffer}/></body>
</worldbody></mujoco>""")
    data = mujoco.MjData(model)
    for _ in range(3000):
        mujoco.mj_step(model, data)
    heights.append(data.qpos[2])
print(f"{mujoco.__version__:6} without {heights[0]:.4f} m, with margin = gap {heights[1]:.4f} m")
PY

before=$(PYTHONPATH="$work/before" "$python" "$work/seen.py")
now=$("$python" "$work/seen.py")
echo "expected: $before"
echo "seen:     $now"
case "$before" in 3.8.0*"gap 0.0499 m") ;; *) echo "changed: 3.8.0 is not as described" && exit 1 ;; esac
case "$now" in *"gap 0.0499 m") echo "changed: the box lies on the floor again" && exit 1 ;; esac
echo "holds: one model, 20 mm higher"
