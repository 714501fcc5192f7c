// The object tracker's inner loop, with a plain C interface for ctypes. Its reference is in NumPy:
// refine.py, verify.py and appearance.py, which say what every term means.

#include "judge.h"

using namespace track;

extern "C" {

// Mean of the near surface in each cell of scale x scale pixels of depth (h, w); 0 is no measurement.
void xsim_track_shrink(const float* depth_m, int width, int scale, int h, int w, float* out) {
    for (int y = 0; y < h; ++y)
        for (int x = 0; x < w; ++x) {
            const float* cell = depth_m + size_t(y) * scale * width + size_t(x) * scale;
            float nearest = std::numeric_limits<float>::infinity(), sum = 0;
            for (int v = 0; v < scale; ++v)
                for (int u = 0; u < scale; ++u) {
                    const float z = cell[size_t(v) * width + u];
                    if (z > 0 && z < nearest) nearest = z;
                }
            int count = 0;
            for (int v = 0; v < scale; ++v)
                for (int u = 0; u < scale; ++u) {
                    const float z = cell[size_t(v) * width + u];
                    if (z > 0 && z < nearest + 0.01f) sum += z, ++count;
                }
            out[size_t(y) * w + x] = count ? sum / count : 0.0f;
        }
}

// Refines T (4, 4) in place by one Gauss-Newton step a round; rounds (n, 2): gate in m, half length in px.
void xsim_track_refine(const Mesh* mesh, const View* view, const Looks* looks, const Settings* settings,
                       const double* rounds, int num_rounds, double* T) {
    Grey grey;
    for (int k = 0; k < num_rounds; ++k) {
        const Surface s = render(*mesh, *view, T, 3);
        if (s.n() < 12) return;
        double centre[3];
        move(T, mesh->centre, centre);
        Normal normal;
        Floats agree(s.n(), 1.0f);
        if (settings->use_texture) {
            if (!grey.covers(s.roi, *view)) grey = grey_around(*view, s.roi);
            Colours lit = lookup(s, *looks, view->fx);
            light(lit, s, looks->shading, looks->gain);
            agree = agreement(s, *view, lit);
            add_texture(normal, s, *view, grey, centre, lit, agree, *settings);
        }
        if (settings->use_region)
            add_region(normal, s, *view, centre, *looks, int(rounds[2 * k + 1]), *settings);
        add_depth(normal, s, *view, centre, agree, rounds[2 * k], *settings);
        if (step(normal, mesh->radius_m, T, centre) < 5e-5) break;
    }
}

// Judges T (4, 4). Out: roi (4,), figures (12,) with score, likeness, visible, covered, fit, shading
// (4,), gain (3,); for hit pixels pixels (n, 2), points (n, 3), normals (n, 3), texcoord (n, 2), is_inlier (n,);
// mask (h, w). Answers n, or minus the pixels of the rectangle when that is more than `room`.
int xsim_track_judge(const Mesh* mesh, const View* view, const Looks* looks, const Settings* settings,
                     const double* T, int room, int* roi, double* figures, uint8_t* mask, int64_t* pixels,
                     double* points, double* normals, float* texcoord, uint8_t* is_inlier) {
    const Surface s = render(*mesh, *view, T, 6);
    if (int(s.mask.size()) > room) return -int(s.mask.size());
    const Judgement j = judge(s, *mesh, *view, *looks, T, *settings);
    roi[0] = s.roi.u0, roi[1] = s.roi.v0, roi[2] = s.roi.u1, roi[3] = s.roi.v1;
    const double found[5] = {j.score, j.likeness, j.visible, j.covered, j.fit};
    std::copy_n(found, 5, figures), std::copy_n(j.shading, 4, figures + 5), std::copy_n(j.gain, 3, figures + 9);
    std::copy(s.mask.begin(), s.mask.end(), mask);
    std::copy(j.is_inlier.begin(), j.is_inlier.end(), is_inlier);
    for (int i = 0; i < s.n(); ++i) {
        pixels[2 * i] = s.pixel[i] % view->width, pixels[2 * i + 1] = s.pixel[i] / view->width;
        points[3 * i] = s.x[i], points[3 * i + 1] = s.y[i], points[3 * i + 2] = s.z[i];
        normals[3 * i] = s.nx[i], normals[3 * i + 1] = s.ny[i], normals[3 * i + 2] = s.nz[i];
        texcoord[2 * i] = s.tu[i], texcoord[2 * i + 1] = s.tv[i];
    }
    return s.n();
}

// Blends colours seen (n, 3) into a texture (h, w, 3) with weights (h, w) at texels (n,) and around
// them; of several points at one texel the last counts, as in NumPy's assignment.
void xsim_track_learn(float* texture, float* weight, int h, int w, const int64_t* column, const int64_t* row,
                      const float* rgb, int n, int radius, float max_weight) {
    std::vector<size_t> at(n);
    Floats next(n), blend(3 * size_t(n));
    for (int dv = -radius; dv <= radius; ++dv)
        for (int du = -radius; du <= radius; ++du) {
            for (int i = 0; i < n; ++i) {
                const int r = std::clamp(int(row[i]) + dv, 0, h - 1), c = std::clamp(int(column[i]) + du, 0, w - 1);
                at[i] = size_t(r) * w + c;
            }
            for (int i = 0; i < n; ++i) {
                const size_t soon = at[std::min(i + 24, n - 1)];
                __builtin_prefetch(texture + 3 * soon, 1), __builtin_prefetch(weight + soon, 1);
                const float share = 1 / (weight[at[i]] + 1);
                for (int k = 0; k < 3; ++k)
                    blend[3 * size_t(i) + k] = (1 - share) * texture[3 * at[i] + k] + share * rgb[3 * size_t(i) + k];
                next[i] = std::min(weight[at[i]] + 1, max_weight);
            }
            for (int i = 0; i < n; ++i) {
                std::copy_n(&blend[3 * size_t(i)], 3, &texture[3 * at[i]]);
                weight[at[i]] = next[i];
            }
        }
}

}  // extern "C"
