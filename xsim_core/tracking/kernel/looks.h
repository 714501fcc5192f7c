// What the object looks like: texture lookups, light, and how far the picture agrees.
#pragma once

#include "surface.h"

namespace track {

struct Looks {
    const float* const* textures;  // levels of the pyramid, (h, w, 3) in [0, 255]
    const int32_t* sizes;          // (levels, 2): width, height
    int32_t num_levels;
    const float* weight;  // (h, w) of the finest: how often a texel was seen
    int32_t is_learning;
    double texels_per_m;
    double shading[4], gain[3];
    const float* log_odds;  // (4096,) a histogram bin
    int32_t are_colours_known;
};

struct Colours {
    Floats rgb[3];  // of the texture, then lit
    Bytes known;
    int num_known = 0;
};

inline int texel(float share, int size) { return std::min(std::max(int(share * size), 0), size - 1); }

inline Colours lookup(const Surface& s, const Looks& looks, double focal_px) {
    Colours found;
    const int n = s.n();
    for (Floats& plane : found.rgb) plane.resize(n);
    found.known.assign(n, 1), found.num_known = n;
    if (n == 0) return found;
    Floats z = s.z;
    const double texels_per_px = looks.texels_per_m * median(z) / focal_px;
    // A learnt atlas has cells of unrelated faces side by side and is never minified.
    const int coarse = looks.is_learning ? 0 : int(std::nearbyint(std::log2(std::max(texels_per_px, 1.0))));
    const int level = std::min(coarse, looks.num_levels - 1);
    const float* image = looks.textures[level];
    const int w = looks.sizes[2 * level], h = looks.sizes[2 * level + 1];
    const int w0 = looks.sizes[0], h0 = looks.sizes[1];
    struct Place {
        const float* corner[4];
        const float* seen;
        float fu, fv;
    };
    std::vector<Place> places(n);
    for (int i = 0; i < n; ++i) {
        const float column = s.tu[i] * w - 0.5f, row = (1 - s.tv[i]) * h - 0.5f;
        const float left = std::floor(column), top = std::floor(row);
        const int u0 = std::clamp(int(left), 0, w - 1), u1 = std::clamp(int(left) + 1, 0, w - 1);
        const int v0 = std::clamp(int(top), 0, h - 1), v1 = std::clamp(int(top) + 1, 0, h - 1);
        const float *upper = image + 3 * size_t(v0) * w, *lower = image + 3 * size_t(v1) * w;
        const float* seen = looks.weight + size_t(texel(1 - s.tv[i], h0)) * w0 + texel(s.tu[i], w0);
        places[i] = {{upper + 3 * u0, upper + 3 * u1, lower + 3 * u0, lower + 3 * u1}, seen, column - left, row - top};
    }
    for (int i = 0; i < n; ++i) {
        // Neighbouring pixels lie far apart in a fine texture, out of the caches.
        const Place &p = places[i], &soon = places[std::min(i + 24, n - 1)];
        __builtin_prefetch(soon.corner[0]), __builtin_prefetch(soon.corner[2]), __builtin_prefetch(soon.seen);
        for (int k = 0; k < 3; ++k)
            found.rgb[k][i] = (1 - p.fv) * ((1 - p.fu) * p.corner[0][k] + p.fu * p.corner[1][k]) +
                              p.fv * ((1 - p.fu) * p.corner[2][k] + p.fu * p.corner[3][k]);
        if (looks.is_learning) {
            found.known[i] = *p.seen > 0;
            found.num_known -= !found.known[i];
        }
    }
    return found;
}

inline float factor(const double* shading, const Surface& s, int i) {
    const double f = shading[0] + shading[1] * s.nx[i] + shading[2] * s.ny[i] + shading[3] * s.nz[i];
    return float(std::clamp(f, 0.1, 4.0));
}

// Texture colours as the camera should see them.
inline void light(Colours& colours, const Surface& s, const double* shading, const double* gain) {
    for (int i = 0; i < s.n(); ++i) {
        const float f = factor(shading, s, i);
        for (int k = 0; k < 3; ++k)
            colours.rgb[k][i] = std::clamp(colours.rgb[k][i] * f * float(gain[k]), 0.0f, 255.0f);
    }
}

// How far in [0, 1] the picture has the lit colours, blurred; 1 where they are not known.
inline Floats agreement(const Surface& s, const View& view, const Colours& lit) {
    Floats out(s.n(), 1.0f);
    const size_t area = s.mask.size();
    Floats image(area, 0.0f), weight(area);
    std::vector<float> worst(s.n(), 0.0f);
    for (int i = 0; i < s.n(); ++i) image[s.at[i]] = lit.known[i];
    filter(image.data(), weight.data(), s.h, s.w, blur9(), blur9());
    Floats soft(area);
    for (int k = 0; k < 3; ++k) {
        for (int i = 0; i < s.n(); ++i)
            image[s.at[i]] = lit.known[i] ? view.rgb[3 * size_t(s.pixel[i]) + k] - lit.rgb[k][i] : 0.0f;
        filter(image.data(), soft.data(), s.h, s.w, blur9(), blur9());
        for (int i = 0; i < s.n(); ++i)
            worst[i] = std::max(worst[i], std::fabs(soft[s.at[i]] / std::max(weight[s.at[i]], 0.05f)));
    }
    for (int i = 0; i < s.n(); ++i) {
        const float cube = (worst[i] / 28.0f) * (worst[i] / 28.0f) * (worst[i] / 28.0f);
        if (lit.known[i]) out[i] = 1.0f / (1.0f + cube * cube);
    }
    return out;
}

inline double grey_of(double r, double g, double b) { return 0.299 * r + 0.587 * g + 0.114 * b; }

// Solves the n x n system lhs x = rhs in place (positive definite, so without pivoting); x is rhs.
inline void solve(double* lhs, double* rhs, int n) {
    for (int i = 0; i < n; ++i)
        for (int j = i + 1; j < n; ++j) {
            const double share = lhs[n * j + i] / lhs[n * i + i];
            for (int k = i; k < n; ++k) lhs[n * j + k] -= share * lhs[n * i + k];
            rhs[j] -= share * rhs[i];
        }
    for (int i = n - 1; i >= 0; --i) {
        for (int k = i + 1; k < n; ++k) rhs[i] -= lhs[n * i + k] * rhs[k];
        rhs[i] /= lhs[n * i + i];
    }
}

// Light that turns texture colours into the picture's at the points `use`, robustly; see fit_lighting.
inline void fit_light(const Surface& s, const View& view, const Colours& tex, const std::vector<int>& use,
                      double* shading, double* gain) {
    const int m = int(use.size());
    if (m < 20) return;
    std::vector<double> grey(m), seen(m), residual(m), weight(m, 1.0);
    Floats sorted(m);
    double scale = 0, prior[4];
    std::copy_n(shading, 4, prior);
    for (int i = 0; i < m; ++i) {
        const uint8_t* rgb = view.rgb + 3 * size_t(s.pixel[use[i]]);
        grey[i] = (double(tex.rgb[0][use[i]]) + tex.rgb[1][use[i]] + tex.rgb[2][use[i]]) / 3;
        seen[i] = (rgb[0] / gain[0] + rgb[1] / gain[1] + rgb[2] / gain[2]) / 3;
        scale += grey[i] * grey[i];
    }
    for (int round = 0; round < 3; ++round) {
        double lhs[16] = {}, rhs[4];
        for (int k = 0; k < 4; ++k) {
            const double damp = (k ? 1.0 : 0.1) * 0.1 * scale;
            lhs[5 * k] = damp, rhs[k] = damp * prior[k];
        }
        for (int i = 0; i < m; ++i) {
            const int p = use[i];
            const double basis[4] = {grey[i], grey[i] * s.nx[p], grey[i] * s.ny[p], grey[i] * s.nz[p]};
            for (int a = 0; a < 4; ++a) {
                for (int b = 0; b < 4; ++b) lhs[4 * a + b] += weight[i] * basis[a] * basis[b];
                rhs[a] += weight[i] * basis[a] * seen[i];
            }
        }
        solve(lhs, rhs, 4);
        std::copy_n(rhs, 4, shading);
        for (int i = 0; i < m; ++i) {
            const int p = use[i];
            residual[i] = seen[i] - grey[i] * (shading[0] + shading[1] * s.nx[p] + shading[2] * s.ny[p] + shading[3] * s.nz[p]);
            sorted[i] = float(std::fabs(residual[i]));
        }
        const double sigma = 1.4826 * median(sorted) + 4.0;
        for (int i = 0; i < m; ++i) {
            const double share = residual[i] / (4 * sigma), left = std::max(1 - share * share, 0.0);
            weight[i] = left * left;
        }
    }
    double top[3] = {}, bottom[3] = {};
    for (int i = 0; i < m; ++i) {
        const float f = factor(shading, s, use[i]);
        for (int k = 0; k < 3; ++k) {
            const double lit = double(tex.rgb[k][use[i]]) * f;
            top[k] += weight[i] * lit * view.rgb[3 * size_t(s.pixel[use[i]]) + k];
            bottom[k] += weight[i] * lit * lit;
        }
    }
    const double damp = 0.1 * (bottom[0] + bottom[1] + bottom[2]) / 3 + 1e-6;
    for (int k = 0; k < 3; ++k) gain[k] = std::clamp((top[k] + damp * gain[k]) / (bottom[k] + damp), 0.4, 2.5);
}

}  // namespace track
