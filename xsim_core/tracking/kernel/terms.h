// The three kinds of evidence, summed into the normal equations of a small motion; see terms.py.
#pragma once

#include "looks.h"

namespace track {

constexpr int MAX_LINES = 160;

struct Settings {
    double depth_sigma_m, depth_sigma_growth, occlusion_m, background_m, texture_weight, region_weight;
    int32_t use_region, use_texture;
};

// lhs xi = rhs, the sums of w J^T J and w J^T r; the upper half of lhs is kept.
struct Normal {
    double lhs[36] = {}, rhs[6] = {};
    void add(const double* J, double r, double w) {
        for (int a = 0; a < 6; ++a) {
            const double wa = w * J[a];
            for (int b = a; b < 6; ++b) lhs[6 * a + b] += wa * J[b];
            rhs[a] += wa * r;
        }
    }
    // Of a quantity that changes by `direction` with the point p.
    void add_point(const double* direction, const double* p, const double* centre, double r, double w) {
        double J[6] = {direction[0], direction[1], direction[2], 0, 0, 0};
        const double arm[3] = {p[0] - centre[0], p[1] - centre[1], p[2] - centre[2]};
        cross(arm, direction, J + 3);
        add(J, r, w);
    }
};

inline double tukey(double r, double scale) {
    const double share = r / (4.685 * scale), left = std::max(1 - share * share, 0.0);
    return left * left;
}

inline double depth_sigma(double z, const Settings& s) {
    return s.depth_sigma_m + s.depth_sigma_growth * (z - 0.4) * (z - 0.4);
}

// How a step of one pixel along (du, dv) answers a move of the point p.
inline void pixel_direction(double du, double dv, const double* p, const View& view, double* out) {
    const double a = view.fx * du / p[2], b = view.fy * dv / p[2];
    out[0] = a, out[1] = b, out[2] = -(a * p[0] + b * p[1]) / p[2];
}

// Smoothed luminance of a part of the picture, and its derivatives a pixel.
struct Grey {
    Roi roi;
    Floats value, gx, gy;
    // Whether a part lies in it, and not where the filters saw a cut that is not the picture's border.
    bool covers(const Roi& r, const View& view) const {
        const int cut = 2;
        return (roi.u0 == 0 || roi.u0 + cut <= r.u0) && (roi.v0 == 0 || roi.v0 + cut <= r.v0) &&
               (roi.u1 == view.width || roi.u1 - cut >= r.u1) && (roi.v1 == view.height || roi.v1 - cut >= r.v1) &&
               !value.empty();
    }
    size_t at(int pixel, int width) const {
        return size_t(pixel / width - roi.v0) * (roi.u1 - roi.u0) + (pixel % width - roi.u0);
    }
};

inline Grey grey_around(const View& view, const Roi& roi) {
    constexpr int MARGIN = 16;  // so that a pose may move a little, and for the filters' borders
    Grey g;
    g.roi = {std::max(roi.u0 - MARGIN, 0), std::max(roi.v0 - MARGIN, 0), std::min(roi.u1 + MARGIN, view.width),
             std::min(roi.v1 + MARGIN, view.height)};
    const int w = g.roi.u1 - g.roi.u0, h = g.roi.v1 - g.roi.v0;
    Floats raw(size_t(w) * h);
    for (int y = 0; y < h; ++y)
        for (int x = 0; x < w; ++x) {
            const uint8_t* p = view.rgb + 3 * (size_t(g.roi.v0 + y) * view.width + g.roi.u0 + x);
            // OpenCV's integers for bytes.
            raw[size_t(y) * w + x] = float((p[0] * 9798 + p[1] * 19235 + p[2] * 3735 + 16384) >> 15);
        }
    g.value.resize(raw.size()), g.gx.resize(raw.size()), g.gy.resize(raw.size());
    filter(raw.data(), g.value.data(), h, w, blur3(), blur3());
    scharr(g.value.data(), g.gx.data(), g.gy.data(), h, w);
    return g;
}

// Point to plane: the measured point should lie on the rendered surface.
inline void add_depth(Normal& to, const Surface& s, const View& view, const double* centre, const Floats& agree,
                      double gate_m, const Settings& settings) {
    const Bytes inner = eroded(s.mask, s.h, s.w, 1);
    const double near = std::min(gate_m, settings.occlusion_m);
    for (int i = 0; i < s.n(); ++i) {
        const double seen = view.depth_m[s.pixel[i]], z = s.z[i];
        if (!inner[s.at[i]] || !(seen > z - near && seen < z + gate_m && seen > 0)) continue;
        const double p[3] = {s.x[i], s.y[i], z}, normal[3] = {s.nx[i], s.ny[i], s.nz[i]};
        const double r = dot(normal, p) * (seen / z - 1), sigma = depth_sigma(z, settings);
        const double w = std::max(agree[i], 0.02f) * tukey(r, std::max(sigma, gate_m / 6)) / (sigma * sigma);
        if (w > 0) to.add_point(normal, p, centre, r, w);
    }
}

// Brightness: the lit texture, where known, looks as the picture does.
inline void add_texture(Normal& to, const Surface& s, const View& view, const Grey& grey, const double* centre,
                        const Colours& lit, const Floats& agree, const Settings& settings) {
    if (lit.num_known < 20) return;
    const size_t area = s.mask.size();
    Floats weight(area, 0.0f), soft(area), image(area, 0.0f), blurred(area), gx(area), gy(area);
    Bytes known(area, 0);
    for (int i = 0; i < s.n(); ++i) {
        if (!lit.known[i]) continue;
        known[s.at[i]] = 1, weight[s.at[i]] = 1;
        image[s.at[i]] = float(grey_of(lit.rgb[0][i], lit.rgb[1][i], lit.rgb[2][i]));
    }
    filter(image.data(), blurred.data(), s.h, s.w, blur3(), blur3());
    filter(weight.data(), soft.data(), s.h, s.w, blur3(), blur3());
    for (size_t i = 0; i < area; ++i) blurred[i] /= std::max(soft[i], 1e-3f);
    scharr(blurred.data(), gx.data(), gy.data(), s.h, s.w);
    const Bytes interior = eroded(known, s.h, s.w, 2);
    std::vector<int> use;
    Floats r, sorted;
    for (int i = 0; i < s.n(); ++i) {
        const float seen = view.depth_m[s.pixel[i]];
        const bool is_occluded = seen > 0 && seen < s.z[i] - settings.occlusion_m;
        if (!interior[s.at[i]] || is_occluded) continue;
        use.push_back(i), r.push_back(blurred[s.at[i]] - grey.value[grey.at(s.pixel[i], view.width)]);
    }
    if (use.size() < 20) return;
    sorted = r;
    const double middle = median(sorted);
    for (size_t k = 0; k < r.size(); ++k) sorted[k] = float(std::fabs(r[k] - middle));
    const double sigma = 1.4826 * median(sorted) + 3.0;
    for (size_t k = 0; k < use.size(); ++k) {
        const int i = use[k];
        const double w = settings.texture_weight * agree[i] * tukey(r[k], sigma) / (sigma * sigma);
        if (!(w > 0)) continue;
        // Mean of both gradients (Malis, efficient second-order minimisation) widens convergence.
        const size_t g = grey.at(s.pixel[i], view.width);
        const double du = 0.5 * (grey.gx[g] + gx[s.at[i]]), dv = 0.5 * (grey.gy[g] + gy[s.at[i]]);
        const double p[3] = {s.x[i], s.y[i], s.z[i]};
        double direction[3];
        pixel_direction(du, dv, p, view, direction);
        to.add_point(direction, p, centre, r[k], w);
    }
}

struct Line {
    double u, v, du, dv;  // a point of the contour and the outward normal, pixels
    int point;            // of the surface
};

inline std::vector<Line> contour(const Surface& s, int width) {
    std::vector<Line> lines;
    if (s.n() < 30) return lines;
    const Bytes inner = eroded(s.mask, s.h, s.w, 1);
    const size_t area = s.mask.size();
    Floats image(s.mask.begin(), s.mask.end()), soft(area), gx(area), gy(area);
    filter(image.data(), soft.data(), s.h, s.w, blur7(), blur7());
    sobel(soft.data(), gx.data(), gy.data(), s.h, s.w);
    for (int i = 0; i < s.n(); ++i) {
        const int at = s.at[i];
        const double length = std::hypot(gx[at], gy[at]);
        if (inner[at] || length <= 1e-3) continue;
        const double du = -gx[at] / length, dv = -gy[at] / length;
        lines.push_back({s.pixel[i] % width + 0.5 * du, s.pixel[i] / width + 0.5 * dv, du, dv, i});
    }
    const size_t stride = std::max<size_t>(1, lines.size() / MAX_LINES);
    size_t kept = 0;
    if (lines.size() >= 6)
        for (size_t k = 0; k < lines.size(); k += stride) lines[kept++] = lines[k];
    lines.resize(kept);
    if (kept < 6) lines.clear();
    return lines;
}

// Contour: along lines across it, object colours should end where the rendering ends.
inline void add_region(Normal& to, const Surface& s, const View& view, const double* centre, const Looks& looks,
                       int half_px, const Settings& settings) {
    if (!looks.are_colours_known) return;
    struct Found {
        double mean, weight;
        const Line* line;
    };
    const std::vector<Line> lines = contour(s, view.width);
    std::vector<Found> found;
    std::vector<double> log_p(2 * half_px + 1);
    for (const Line& line : lines) {
        bool is_usable = true;
        double sum = 0, top = -1e300;
        for (int o = -half_px; o <= half_px && is_usable; ++o) {
            const int column = int(std::nearbyint(line.u + o * line.du)), row = int(std::nearbyint(line.v + o * line.dv));
            is_usable = column >= 0 && column < view.width && row >= 0 && row < view.height;
            if (!is_usable) break;
            const size_t at = size_t(row) * view.width + column;
            const float seen = view.depth_m[at];
            if (std::abs(o) <= 3 && seen > 0 && seen < s.z[line.point] - settings.occlusion_m) is_usable = false;
            const uint8_t* rgb = view.rgb + 3 * at;
            const int bin = (rgb[0] >> 4) << 8 | (rgb[1] >> 4) << 4 | rgb[2] >> 4;
            // Neighbouring pixels are not independent.
            sum += 0.3 * std::clamp(looks.log_odds[bin], -3.0f, 3.0f);
            log_p[o + half_px] = sum, top = std::max(top, sum);
        }
        if (!is_usable) continue;
        double total = 0, first = 0, second = 0;
        for (int o = -half_px; o <= half_px; ++o) {
            const double p = std::exp(log_p[o + half_px] - top), place = o + 0.5;
            total += p, first += p * place, second += p * place * place;
        }
        const double mean = first / total, variance = second / total - mean * mean + 0.5;
        const double spread = 2 * half_px + 1;
        const double w = settings.region_weight * std::max(1 / variance - 12 / (spread * spread), 0.0);
        found.push_back({mean, w, &line});
    }
    if (found.size() < 6) return;
    for (const Found& f : found) {
        const int i = f.line->point;
        const double p[3] = {s.x[i], s.y[i], s.z[i]};
        double direction[3];
        pixel_direction(f.line->du, f.line->dv, p, view, direction);
        to.add_point(direction, p, centre, f.mean, f.weight);
    }
}

// One damped step of a motion about `centre`; see refine.py.
inline double step(Normal& normal, double radius_m, double* T, const double* centre) {
    double xi[6];
    for (int a = 0; a < 6; ++a) {
        for (int b = 0; b < a; ++b) normal.lhs[6 * a + b] = normal.lhs[6 * b + a];
        normal.lhs[7 * a] += (a < 3 ? 1.0 : radius_m * radius_m) / (0.005 * 0.005);
    }
    std::copy_n(normal.rhs, 6, xi);
    solve(normal.lhs, xi, 6);
    double reach = std::sqrt(dot(xi, xi)) + radius_m * std::sqrt(dot(xi + 3, xi + 3));
    const double share = std::min(1.0, 0.05 / std::max(reach, 1e-12));
    for (double& x : xi) x *= share;
    const double angle = std::sqrt(dot(xi + 3, xi + 3));
    // Rodrigues' formula.
    const double a = angle > 1e-8 ? std::sin(angle) / angle : 1.0;
    const double b = angle > 1e-8 ? (1 - std::cos(angle)) / (angle * angle) : 0.5;
    const double *w = xi + 3, W[9] = {0, -w[2], w[1], w[2], 0, -w[0], -w[1], w[0], 0};
    double R[9], moved[16];
    for (int i = 0; i < 3; ++i)
        for (int j = 0; j < 3; ++j) {
            double square = 0;
            for (int k = 0; k < 3; ++k) square += W[3 * i + k] * W[3 * k + j];
            R[3 * i + j] = (i == j) + a * W[3 * i + j] + b * square;
        }
    for (int i = 0; i < 3; ++i)
        for (int j = 0; j < 4; ++j) {
            double sum = 0;
            for (int k = 0; k < 3; ++k) sum += R[3 * i + k] * (T[4 * k + j] - (j == 3 ? centre[k] : 0.0));
            moved[4 * i + j] = sum + (j == 3 ? centre[i] + xi[i] : 0.0);
        }
    std::copy_n(moved, 12, T);
    return reach * share;
}

}  // namespace track
