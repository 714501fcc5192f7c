// How well a pose explains a picture, occluders accounted for; see verify.py.
#pragma once

#include "terms.h"

namespace track {

struct Judgement {
    double score = 0, likeness = 0, visible = 0, covered = 0, fit = 0;
    double shading[4], gain[3];
    Bytes is_inlier;
};

struct Counts {
    Bytes inner, occluded, inlier, unmeasured;  // a hit pixel each
    std::vector<double> closeness;
    int num_inner = 0, num_occluded = 0, num_behind = 0, num_inlier = 0, num_unmeasured = 0;
};

inline Counts compare_depth(const Surface& s, const View& view, const Settings& settings) {
    Counts c;
    const int n = s.n();
    const Bytes inner = eroded(s.mask, s.h, s.w, 1);
    c.inner.resize(n), c.occluded.assign(n, 0), c.inlier.assign(n, 0), c.unmeasured.assign(n, 0);
    for (int i = 0; i < n; ++i) c.num_inner += c.inner[i] = inner[s.at[i]];
    if (c.num_inner < 12) c.inner.assign(n, 1), c.num_inner = n;
    c.closeness.assign(n, 0.0);
    for (int i = 0; i < n; ++i) {
        if (!c.inner[i]) continue;
        const double seen = view.depth_m[s.pixel[i]], z = s.z[i], tolerance = 3 * depth_sigma(z, settings) + 0.002;
        if (seen <= 0) {
            c.unmeasured[i] = 1, ++c.num_unmeasured;
        } else if (seen < z - settings.occlusion_m) {
            c.occluded[i] = 1, ++c.num_occluded;
        } else if (seen > z + std::max(settings.background_m, tolerance)) {
            ++c.num_behind;
        } else {
            c.inlier[i] = 1, ++c.num_inlier;
            c.closeness[i] = std::exp(-0.5 * (seen - z) * (seen - z) / (tolerance * tolerance));
        }
    }
    return c;
}

struct Pattern {
    double weight, likeness;
};

// Correlation of lit colours with the picture's, or their mean closeness where they hardly vary.
inline Pattern pattern(const Surface& s, const View& view, const Colours& tex, const std::vector<int>& use,
                      const double* shading, const double* gain) {
    const int m = int(use.size());
    std::vector<double> lit(3 * size_t(m));
    double mean[3] = {}, seen_mean[3] = {}, difference = 0;
    for (int i = 0; i < m; ++i) {
        const double f = factor(shading, s, use[i]);
        const uint8_t* rgb = view.rgb + 3 * size_t(s.pixel[use[i]]);
        for (int k = 0; k < 3; ++k) {
            const double value = std::clamp(tex.rgb[k][use[i]] * f * gain[k], 0.0, 255.0);
            lit[3 * size_t(i) + k] = value, mean[k] += value / m, seen_mean[k] += double(rgb[k]) / m;
            difference += std::fabs(value - rgb[k]);
        }
    }
    double ab = 0, aa = 0, bb = 0, deviation = 0;
    for (int k = 0; k < 3; ++k) {
        double square = 0;
        for (int i = 0; i < m; ++i) {
            const double a = lit[3 * size_t(i) + k] - mean[k];
            const double b = view.rgb[3 * size_t(s.pixel[use[i]]) + k] - seen_mean[k];
            square += a * a, ab += a * b, bb += b * b;
        }
        aa += square, deviation += std::sqrt(square / m) / 3;
    }
    if (deviation > 6) return {0.65, std::max(ab / std::sqrt(aa * bb + 1e-9), 0.0)};
    return {0.35, std::exp(-difference / (3.0 * m) / 30)};
}

inline Judgement judge(const Surface& s, const Mesh& mesh, const View& view, const Looks& looks, const double* T,
                       const Settings& settings) {
    Judgement j;
    const int n = s.n();
    std::copy_n(looks.shading, 4, j.shading), std::copy_n(looks.gain, 3, j.gain);
    j.is_inlier.assign(n, 0);
    if (n < 12 || roi_of(mesh, view, T, 0).is_empty()) return j;
    const Counts c = compare_depth(s, view, settings);
    Colours colours = lookup(s, looks, view.fx);
    double parts = 0, weights = 0;
    std::vector<int> use;
    int num_use = 0;
    double odds = 0;
    for (int i = 0; i < n; ++i) {
        if (!c.inlier[i] && !c.unmeasured[i]) continue;
        ++num_use;
        const uint8_t* rgb = view.rgb + 3 * size_t(s.pixel[i]);
        const int bin = (rgb[0] >> 4) << 8 | (rgb[1] >> 4) << 4 | rgb[2] >> 4;
        odds += 1 / (1 + std::exp(-std::clamp(looks.log_odds[bin], -6.0f, 6.0f)));
        if (colours.known[i]) use.push_back(i);
    }
    if (looks.are_colours_known && num_use) parts += 0.35 * odds / num_use, weights += 0.35;
    if (use.size() >= 20) {
        fit_light(s, view, colours, use, j.shading, j.gain);
        const Pattern found = pattern(s, view, colours, use, j.shading, j.gain);
        parts += found.weight * found.likeness, weights += found.weight;
    }
    j.likeness = weights > 0 ? parts / weights : 1.0;
    const double trust = 0.3 + 0.7 * j.likeness;
    double closeness = 0;
    for (double value : c.closeness) closeness += value;
    const double agreeing = c.num_inlier + c.num_behind;
    j.score = agreeing >= 8 ? std::clamp(closeness * trust / agreeing, 0.0, 1.0) : 0.0;
    const double counted = std::max(c.num_inner - 0.7 * c.num_unmeasured, 1.0);
    j.fit = (closeness * trust + 0.35 * c.num_occluded - 0.3 * c.num_behind) / counted;
    light(colours, s, j.shading, j.gain);
    const Floats agree = agreement(s, view, colours);
    int visible = 0;
    for (int i = 0; i < n; ++i) {
        visible += c.inner[i] && !c.occluded[i] && agree[i] > 0.3f;
        j.is_inlier[i] = c.inlier[i] && agree[i] > 0.3f;
    }
    j.visible = double(visible) / c.num_inner, j.covered = double(c.num_occluded) / c.num_inner;
    return j;
}

}  // namespace track
