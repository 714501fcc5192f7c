// 2D Gaussian splatting on the CPU: projection, tile binning, compositing and their derivatives.
//
// Formulas: Huang et al., "2D Gaussian Splatting for Geometrically Accurate Radiance Fields",
// SIGGRAPH 2024: ray-splat intersection (eq. 8-10), object-space low-pass (eq. 11), front-to-back
// compositing (eq. 13). Pixel centres are integers. Plain C ABI, so that ctypes can load it.
//
// One tile is 16x16 pixels; the inner loops run over the 16 pixels of a tile row and are written
// so that the compiler turns them into straight vector code (no branches, no library calls).

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <thread>
#include <vector>

namespace {

constexpr int TILE = 16;
constexpr float NEAR_M = 0.02f;
constexpr float MIN_ALPHA_INV = 255.0f;  // contributions below 1/255 are dropped
constexpr float MAX_ALPHA = 0.999f;      // keeps 1 / (1 - alpha) of the backward pass bounded
constexpr float MIN_T = 1e-4f;           // a pixel with less transmittance left is finished
constexpr float LOWPASS = 2.0f;          // 1 / sigma^2 of the screen-space filter, sigma^2 = 1/2 px^2

struct Splat {
    // Rows of the splat-to-screen homography, the first two relative to the projected centre.
    float m0[3], m1[3], m2[3];
    float cx, cy, opacity, rho_max;
    float rgb[3];
    int tx0, tx1, ty0, ty1;  // covered tiles, half open; tx0 == tx1 when culled
    int y0, y1;              // covered rows, inclusive
};

struct Camera {
    float R[9], t[3], fx, fy, cx, cy;
    int width, height;
};

struct Bins {
    std::vector<int> start, index;
    int tiles_x, tiles_y;
};

Camera make_camera(const float* viewmat, const float* K, int width, int height) {
    Camera c;
    for (int i = 0; i < 3; ++i) {
        for (int j = 0; j < 3; ++j) c.R[3 * i + j] = viewmat[4 * i + j];
        c.t[i] = viewmat[4 * i + 3];
    }
    c.fx = K[0], c.fy = K[4], c.cx = K[2], c.cy = K[5];
    c.width = width, c.height = height;
    return c;
}

void quat_axes(const float* q, float* a, float* b, float* unit, float* norm) {
    *norm = std::sqrt(q[0] * q[0] + q[1] * q[1] + q[2] * q[2] + q[3] * q[3]) + 1e-12f;
    for (int i = 0; i < 4; ++i) unit[i] = q[i] / *norm;
    const float w = unit[0], x = unit[1], y = unit[2], z = unit[3];
    a[0] = 1 - 2 * (y * y + z * z), a[1] = 2 * (x * y + w * z), a[2] = 2 * (x * z - w * y);
    b[0] = 2 * (x * y - w * z), b[1] = 1 - 2 * (x * x + z * z), b[2] = 2 * (y * z + w * x);
}

void rotate(const float* R, const float* v, float* out) {
    for (int i = 0; i < 3; ++i) out[i] = R[3 * i] * v[0] + R[3 * i + 1] * v[1] + R[3 * i + 2] * v[2];
}

void rotate_back(const float* R, const float* v, float* out) {
    for (int i = 0; i < 3; ++i) out[i] = R[i] * v[0] + R[3 + i] * v[1] + R[6 + i] * v[2];
}

// Pixel bounds of the disc u^2 + v^2 <= rho along one image axis; false when it crosses z = 0.
bool disc_bounds(const float* row, const float* m2, float rho, float* low, float* high) {
    const float d = rho * (m2[0] * m2[0] + m2[1] * m2[1]) - m2[2] * m2[2];
    if (d >= -1e-9f) return false;
    const float mid = (rho * (row[0] * m2[0] + row[1] * m2[1]) - row[2] * m2[2]) / d;
    const float sq = mid * mid - (rho * (row[0] * row[0] + row[1] * row[1]) - row[2] * row[2]) / d;
    const float half = std::sqrt(std::max(sq, 0.0f));
    *low = mid - half, *high = mid + half;
    return true;
}

void project(const Camera& cam, const float* mean, const float* quat, const float* scale,
             float opacity, const float* rgb, Splat* s) {
    s->tx0 = s->tx1 = s->ty0 = s->ty1 = 0;
    float p[3], a[3], b[3], ac[3], bc[3], unit[4], norm;
    rotate(cam.R, mean, p);
    for (int i = 0; i < 3; ++i) p[i] += cam.t[i];
    if (!(p[2] > NEAR_M) || !(opacity * MIN_ALPHA_INV > 1.0f)) return;
    quat_axes(quat, a, b, unit, &norm);
    rotate(cam.R, a, ac);
    rotate(cam.R, b, bc);
    const float cols[3][3] = {{ac[0] * scale[0], ac[1] * scale[0], ac[2] * scale[0]},
                              {bc[0] * scale[1], bc[1] * scale[1], bc[2] * scale[1]},
                              {p[0], p[1], p[2]}};
    s->cx = cam.fx * p[0] / p[2] + cam.cx;
    s->cy = cam.fy * p[1] / p[2] + cam.cy;
    // Relative to the projected centre, which keeps float32 exact enough for far, small splats.
    const float ox = cam.cx - s->cx, oy = cam.cy - s->cy;
    for (int j = 0; j < 3; ++j) {
        s->m0[j] = cam.fx * cols[j][0] + ox * cols[j][2];
        s->m1[j] = cam.fy * cols[j][1] + oy * cols[j][2];
        s->m2[j] = cols[j][2];
    }
    s->m0[2] = s->m1[2] = 0.0f;
    s->opacity = opacity;
    s->rho_max = 2.0f * std::log(MIN_ALPHA_INV * opacity);
    for (int i = 0; i < 3; ++i) s->rgb[i] = rgb[i];

    const float blur = std::sqrt(s->rho_max / LOWPASS);
    float x0, x1, y0, y1;
    if (disc_bounds(s->m0, s->m2, s->rho_max, &x0, &x1) &&
        disc_bounds(s->m1, s->m2, s->rho_max, &y0, &y1)) {
        x0 = s->cx + std::min(x0, -blur), x1 = s->cx + std::max(x1, blur);
        y0 = s->cy + std::min(y0, -blur), y1 = s->cy + std::max(y1, blur);
    } else {  // the disc reaches behind the camera: it may cover anything
        x0 = y0 = 0, x1 = cam.width - 1.0f, y1 = cam.height - 1.0f;
    }
    if (!(x1 >= 0 && y1 >= 0 && x0 <= cam.width - 1 && y0 <= cam.height - 1)) return;
    const int ix0 = (int)std::max(0.0f, std::floor(x0)), iy0 = (int)std::max(0.0f, std::floor(y0));
    const int ix1 = (int)std::min(cam.width - 1.0f, std::ceil(x1));
    const int iy1 = (int)std::min(cam.height - 1.0f, std::ceil(y1));
    s->y0 = iy0, s->y1 = iy1;
    s->tx0 = ix0 / TILE, s->tx1 = ix1 / TILE + 1;
    s->ty0 = iy0 / TILE, s->ty1 = iy1 / TILE + 1;
}

// Indices of the visible splats from near to far: radix sort on the bits of positive floats.
std::vector<int> depth_order(const std::vector<Splat>& splats) {
    std::vector<std::pair<uint32_t, int>> keys, other;
    keys.reserve(splats.size());
    for (size_t i = 0; i < splats.size(); ++i) {
        if (splats[i].tx1 <= splats[i].tx0) continue;
        uint32_t bits;
        std::memcpy(&bits, &splats[i].m2[2], 4);
        keys.emplace_back(bits, (int)i);
    }
    other.resize(keys.size());
    for (int shift = 0; shift < 32; shift += 11) {
        size_t count[2049] = {0};
        for (const auto& k : keys) ++count[((k.first >> shift) & 2047) + 1];
        for (int i = 0; i < 2048; ++i) count[i + 1] += count[i];
        for (const auto& k : keys) other[count[(k.first >> shift) & 2047]++] = k;
        keys.swap(other);
    }
    std::vector<int> order(keys.size());
    for (size_t i = 0; i < keys.size(); ++i) order[i] = keys[i].second;
    return order;
}

Bins bin_tiles(const std::vector<Splat>& splats, int width, int height) {
    Bins bins;
    bins.tiles_x = (width + TILE - 1) / TILE, bins.tiles_y = (height + TILE - 1) / TILE;
    const std::vector<int> order = depth_order(splats);
    bins.start.assign((size_t)bins.tiles_x * bins.tiles_y + 1, 0);
    for (int i : order) {
        const Splat& s = splats[i];
        for (int ty = s.ty0; ty < s.ty1; ++ty)
            for (int tx = s.tx0; tx < s.tx1; ++tx) ++bins.start[ty * bins.tiles_x + tx + 1];
    }
    for (size_t i = 1; i < bins.start.size(); ++i) bins.start[i] += bins.start[i - 1];
    bins.index.resize(bins.start.back());
    std::vector<int> cursor(bins.start.begin(), bins.start.end() - 1);
    for (int i : order) {
        const Splat& s = splats[i];
        for (int ty = s.ty0; ty < s.ty1; ++ty)
            for (int tx = s.tx0; tx < s.tx1; ++tx)
                bins.index[cursor[ty * bins.tiles_x + tx]++] = i;
    }
    return bins;
}

// exp(x) for x in [-80, 0] to 2e-7: 2^i from the exponent bits, 2^f from its Taylor polynomial.
inline float exp_negative(float x) {
    const float t = x * 1.4426950408889634f;
    const int i = (int)(t - 0.5f);
    const float f = t - (float)i;
    float p = 1.5403530e-4f;
    p = p * f + 1.3333558e-3f;
    p = p * f + 9.6181291e-3f;
    p = p * f + 5.5504109e-2f;
    p = p * f + 2.4022651e-1f;
    p = p * f + 6.9314718e-1f;
    p = p * f + 1.0f;
    const int32_t bits = (i + 127) << 23;
    float scale;
    std::memcpy(&scale, &bits, 4);
    return p * scale;
}

inline void cross(const float* a, const float* b, float* out) {
    out[0] = a[1] * b[2] - a[2] * b[1];
    out[1] = a[2] * b[0] - a[0] * b[2];
    out[2] = a[0] * b[1] - a[1] * b[0];
}

// What is constant along one pixel row: the homogeneous intersection is dx * slope + offset.
struct Row {
    float hv[3], slope[3], offset[3], dy;
};

inline Row make_row(const Splat& s, float y) {
    Row r;
    r.dy = y - s.cy;
    for (int i = 0; i < 3; ++i) r.hv[i] = r.dy * s.m2[i] - s.m1[i];
    cross(s.m2, r.hv, r.slope);
    cross(s.m0, r.hv, r.offset);
    return r;
}

struct TileForward {
    alignas(64) float T[TILE * TILE], r[TILE * TILE], g[TILE * TILE], b[TILE * TILE],
        depth[TILE * TILE], square[TILE * TILE], median[TILE * TILE];
};

inline void composite_row(const Splat& s, const Row& row, float x_first, TileForward& px, int at) {
    float *T = px.T + at, *r = px.r + at, *g = px.g + at, *b = px.b + at, *d = px.depth + at,
          *d2 = px.square + at, *med = px.median + at;
#pragma omp simd aligned(T, r, g, b, d, d2, med : 64)
    for (int l = 0; l < TILE; ++l) {
        const float dx = x_first + (float)l - s.cx;
        const float c2 = dx * row.slope[2] - row.offset[2];
        const float inv = 1.0f / c2;
        const float u = (dx * row.slope[0] - row.offset[0]) * inv;
        const float v = (dx * row.slope[1] - row.offset[1]) * inv;
        const float rho3 = u * u + v * v, rho2 = LOWPASS * (dx * dx + row.dy * row.dy);
        const bool on_disc = rho3 <= rho2;  // false for NaN: edge-on discs use the filter
        const float rho = on_disc ? rho3 : rho2;
        const float z = on_disc ? s.m2[0] * u + s.m2[1] * v + s.m2[2] : s.m2[2];
        const float G = exp_negative(-0.5f * std::min(rho, 100.0f));
        float alpha = std::min(s.opacity * G, MAX_ALPHA);
        const bool hit = (rho < s.rho_max) & (z > NEAR_M) & (T[l] >= MIN_T);
        alpha = hit ? alpha : 0.0f;
        const float w = T[l] * alpha;
        r[l] += w * s.rgb[0];
        g[l] += w * s.rgb[1];
        b[l] += w * s.rgb[2];
        const float wz = hit ? w * z : 0.0f;
        d[l] += wz;
        d2[l] += hit ? wz * z : 0.0f;
        med[l] = (hit & (T[l] > 0.5f)) ? z : med[l];
        T[l] -= w;
    }
}

bool is_finished(const float* T) {
    float most = 0.0f;
    for (int i = 0; i < TILE * TILE; ++i) most = std::max(most, T[i]);
    return most < MIN_T;
}

void forward_tile(const std::vector<Splat>& splats, const Bins& bins, const Camera& cam, int tile,
                  const float* background, float* rgb, float* alpha, float* depth, float* square,
                  float* median) {
    TileForward px;
    std::fill(px.T, px.T + TILE * TILE, 1.0f);
    for (float* plane : {px.r, px.g, px.b, px.depth, px.square, px.median})
        std::fill(plane, plane + TILE * TILE, 0.0f);
    const int x_first = tile % bins.tiles_x * TILE, y_first = tile / bins.tiles_x * TILE;
    for (int k = bins.start[tile]; k < bins.start[tile + 1]; ++k) {
        const Splat& s = splats[bins.index[k]];
        const int y1 = std::min(s.y1, y_first + TILE - 1);
        for (int y = std::max(s.y0, y_first); y <= y1; ++y)
            composite_row(s, make_row(s, (float)y), (float)x_first, px, (y - y_first) * TILE);
        if ((k & 15) == 15 && is_finished(px.T)) break;
    }
    for (int j = 0; j < TILE && y_first + j < cam.height; ++j) {
        for (int i = 0; i < TILE && x_first + i < cam.width; ++i) {
            const int at = j * TILE + i;
            const size_t out = (size_t)(y_first + j) * cam.width + x_first + i;
            rgb[3 * out] = px.r[at] + px.T[at] * background[0];
            rgb[3 * out + 1] = px.g[at] + px.T[at] * background[1];
            rgb[3 * out + 2] = px.b[at] + px.T[at] * background[2];
            alpha[out] = 1.0f - px.T[at];
            depth[out] = px.depth[at];
            square[out] = px.square[at];
            median[out] = px.median[at];
        }
    }
}

// Per-splat sums of the backward pass: dM0, dM1, dM2 (3 each), opacity, rgb, screen centre.
constexpr int NUM_SUMS = 15;

struct TileBackward {
    alignas(64) float T[TILE * TILE], rest[TILE * TILE], gr[TILE * TILE], gg[TILE * TILE],
        gb[TILE * TILE], gd[TILE * TILE], gs[TILE * TILE], ga[TILE * TILE];
};

struct Sums {
    alignas(64) float v[NUM_SUMS][TILE];
};

// rest = what the splats behind add to the loss; so dL/dalpha = T e - rest / (1 - alpha).
inline void differentiate_row(const Splat& s, const Row& row, float x_first, TileBackward& px,
                              int at, Sums& sums) {
    float *T = px.T + at, *rest = px.rest + at;
    const float *gr = px.gr + at, *gg = px.gg + at, *gb = px.gb + at, *gd = px.gd + at,
                *gs = px.gs + at, *ga = px.ga + at;
#pragma omp simd aligned(T, rest, gr, gg, gb, gd, gs, ga : 64)
    for (int l = 0; l < TILE; ++l) {
        const float dx = x_first + (float)l - s.cx;
        const float c2 = dx * row.slope[2] - row.offset[2];
        const float inv = 1.0f / c2;
        const float u0 = (dx * row.slope[0] - row.offset[0]) * inv;
        const float v0 = (dx * row.slope[1] - row.offset[1]) * inv;
        const float rho3 = u0 * u0 + v0 * v0, rho2 = LOWPASS * (dx * dx + row.dy * row.dy);
        const bool on_disc = rho3 <= rho2;
        const float rho = on_disc ? rho3 : rho2;
        const float z = on_disc ? s.m2[0] * u0 + s.m2[1] * v0 + s.m2[2] : s.m2[2];
        const float G = exp_negative(-0.5f * std::min(rho, 100.0f));
        const float raw = s.opacity * G, clipped = std::min(raw, MAX_ALPHA);
        const bool hit = (rho < s.rho_max) & (z > NEAR_M) & (T[l] >= MIN_T);
        const float alpha = hit ? clipped : 0.0f, zz = hit ? z : 0.0f;
        const float w = T[l] * alpha;
        const float e =
            gr[l] * s.rgb[0] + gg[l] * s.rgb[1] + gb[l] * s.rgb[2] + (gd[l] + gs[l] * zz) * zz +
            ga[l];
        rest[l] -= w * e;
        float dalpha = T[l] * e - rest[l] / (1.0f - alpha);
        dalpha = (hit & (raw < MAX_ALPHA)) ? dalpha : 0.0f;
        const float drho = -0.5f * alpha * dalpha, dz = w * (gd[l] + 2.0f * gs[l] * zz);
        T[l] -= w;

        const bool disc = hit & on_disc;
        const float u = disc ? u0 : 0.0f, v = disc ? v0 : 0.0f, k = disc ? inv : 0.0f;
        const float du = 2.0f * u * drho + dz * s.m2[0], dv = 2.0f * v * drho + dz * s.m2[1];
        const float dc0 = du * k, dc1 = dv * k, dc2 = -(u * du + v * dv) * k;
        const float hu0 = dx * s.m2[0] - s.m0[0], hu1 = dx * s.m2[1] - s.m0[1],
                    hu2 = dx * s.m2[2] - s.m0[2];
        const float dhu0 = row.hv[1] * dc2 - row.hv[2] * dc1;
        const float dhu1 = row.hv[2] * dc0 - row.hv[0] * dc2;
        const float dhu2 = row.hv[0] * dc1 - row.hv[1] * dc0;
        const float dhv0 = dc1 * hu2 - dc2 * hu1;
        const float dhv1 = dc2 * hu0 - dc0 * hu2;
        const float dhv2 = dc0 * hu1 - dc1 * hu0;
        sums.v[0][l] -= dhu0;
        sums.v[1][l] -= dhu1;
        sums.v[2][l] -= dhu2;
        sums.v[3][l] -= dhv0;
        sums.v[4][l] -= dhv1;
        sums.v[5][l] -= dhv2;
        sums.v[6][l] += dx * dhu0 + row.dy * dhv0 + dz * u;
        sums.v[7][l] += dx * dhu1 + row.dy * dhv1 + dz * v;
        sums.v[8][l] += dx * dhu2 + row.dy * dhv2 + dz;
        sums.v[9][l] += G * dalpha;
        sums.v[10][l] += w * gr[l];
        sums.v[11][l] += w * gg[l];
        sums.v[12][l] += w * gb[l];
        const float blur = disc ? 0.0f : -2.0f * LOWPASS * drho;
        sums.v[13][l] += blur * dx;
        sums.v[14][l] += blur * row.dy;
    }
}

struct PixelGrads {
    const float *rgb, *alpha, *depth, *square;          // outputs of the forward pass
    const float *d_rgb, *d_alpha, *d_depth, *d_square;  // gradients with respect to them
};

void load_tile(const PixelGrads& in, const Camera& cam, int x_first, int y_first,
               TileBackward& px) {
    std::memset(&px, 0, sizeof(px));
    for (int j = 0; j < TILE && y_first + j < cam.height; ++j) {
        for (int i = 0; i < TILE && x_first + i < cam.width; ++i) {
            const int at = j * TILE + i;
            const size_t o = (size_t)(y_first + j) * cam.width + x_first + i;
            px.T[at] = 1.0f;
            px.gr[at] = in.d_rgb[3 * o], px.gg[at] = in.d_rgb[3 * o + 1];
            px.gb[at] = in.d_rgb[3 * o + 2];
            px.gd[at] = in.d_depth[o], px.gs[at] = in.d_square[o];
            px.ga[at] = in.d_alpha[o];
            // The background's share of the loss is inside rgb, and so inside rest.
            px.rest[at] = px.gr[at] * in.rgb[3 * o] + px.gg[at] * in.rgb[3 * o + 1] +
                          px.gb[at] * in.rgb[3 * o + 2] + px.gd[at] * in.depth[o] +
                          px.gs[at] * in.square[o] + px.ga[at] * in.alpha[o];
        }
    }
}

void backward_tile(const std::vector<Splat>& splats, const Bins& bins, const Camera& cam, int tile,
                   const PixelGrads& in, float* splat_sums) {
    TileBackward px;
    const int x_first = tile % bins.tiles_x * TILE, y_first = tile / bins.tiles_x * TILE;
    load_tile(in, cam, x_first, y_first, px);
    for (int k = bins.start[tile]; k < bins.start[tile + 1]; ++k) {
        const int index = bins.index[k];
        const Splat& s = splats[index];
        Sums sums;
        std::memset(&sums, 0, sizeof(sums));
        const int y1 = std::min(s.y1, y_first + TILE - 1);
        for (int y = std::max(s.y0, y_first); y <= y1; ++y)
            differentiate_row(s, make_row(s, (float)y), (float)x_first, px, (y - y_first) * TILE,
                              sums);
        float* out = splat_sums + (size_t)index * NUM_SUMS;
        for (int q = 0; q < NUM_SUMS; ++q) {
            float total = 0.0f;
#pragma omp simd reduction(+ : total)
            for (int l = 0; l < TILE; ++l) total += sums.v[q][l];
            out[q] += total;
        }
        if ((k & 15) == 15 && is_finished(px.T)) break;
    }
}

// From gradients of a rotation's first two columns to those of the unnormalised quaternion.
void quat_backward(const float* unit, float norm, const float* da, const float* db, float* dq) {
    const float w = unit[0], x = unit[1], y = unit[2], z = unit[3];
    const float g[4] = {
        2 * (z * da[1] - y * da[2] - z * db[0] + x * db[2]),
        2 * (y * da[1] + z * da[2] + y * db[0] - 2 * x * db[1] + w * db[2]),
        2 * (-2 * y * da[0] + x * da[1] - w * da[2] + x * db[0] + z * db[2]),
        2 * (-2 * z * da[0] + w * da[1] + x * da[2] - w * db[0] - 2 * z * db[1] + y * db[2])};
    const float along = g[0] * w + g[1] * x + g[2] * y + g[3] * z;
    for (int i = 0; i < 4; ++i) dq[i] = (g[i] - along * unit[i]) / norm;
}

void project_backward(const Camera& cam, const Splat& s, const float* sums, const float* quat,
                      const float* scale, float* d_mean, float* d_quat, float* d_scale,
                      float* d_screen) {
    const float z = s.m2[2];
    float dcol[3][3];
    for (int j = 0; j < 3; ++j) {
        const float d0 = sums[j], d1 = sums[3 + j];
        // dM0 = -sum dh_u, so moving the origin from the splat's centre back to the image's adds
        // cx * sum dh_u = -cx dM0; with the camera's own (cx, cy) only the difference is left.
        const float d2 = sums[6 + j] + (cam.cx - s.cx) * d0 + (cam.cy - s.cy) * d1;
        dcol[j][0] = cam.fx * d0, dcol[j][1] = cam.fy * d1, dcol[j][2] = d2;
    }
    // The low-pass filter's centre: (fx x / z + cx, fy y / z + cy).
    const float dcx = sums[13], dcy = sums[14];
    dcol[2][0] += dcx * cam.fx / z;
    dcol[2][1] += dcy * cam.fy / z;
    dcol[2][2] -= (dcx * (s.cx - cam.cx) + dcy * (s.cy - cam.cy)) / z;
    d_screen[0] = sums[2] * z + dcx, d_screen[1] = sums[5] * z + dcy;

    float a[3], b[3], unit[4], norm, dau[3], dbu[3];
    rotate_back(cam.R, dcol[2], d_mean);
    rotate_back(cam.R, dcol[0], dau);
    rotate_back(cam.R, dcol[1], dbu);
    quat_axes(quat, a, b, unit, &norm);
    d_scale[0] = dau[0] * a[0] + dau[1] * a[1] + dau[2] * a[2];
    d_scale[1] = dbu[0] * b[0] + dbu[1] * b[1] + dbu[2] * b[2];
    for (int i = 0; i < 3; ++i) dau[i] *= scale[0], dbu[i] *= scale[1];
    quat_backward(unit, norm, dau, dbu, d_quat);
}

// Plain threads, not OpenMP: its idle workers spin, which starves everyone on a busy machine, and
// its runtime does not survive a fork. Starting a thread costs some 20 microseconds.
template <typename Work>
void run_threads(int num_threads, const Work& work) {
    std::vector<std::thread> others;
    for (int worker = 1; worker < num_threads; ++worker) others.emplace_back(work, worker);
    work(0);
    for (auto& other : others) other.join();
}

std::vector<Splat> project_all(const Camera& cam, int n, const float* means, const float* quats,
                               const float* scales, const float* opacities, const float* colours,
                               int num_threads) {
    std::vector<Splat> splats(n);
    run_threads(num_threads, [&](int worker) {
        for (int i = worker; i < n; i += num_threads)
            project(cam, means + 3 * (size_t)i, quats + 4 * (size_t)i, scales + 2 * (size_t)i,
                    opacities[i], colours + 3 * (size_t)i, &splats[i]);
    });
    return splats;
}

}  // namespace

extern "C" {

// Depth and its square are accumulated, not divided by alpha. All arrays are contiguous float32, row major.
void xsim_render_forward(int n, const float* means, const float* quats, const float* scales,
                         const float* opacities, const float* colours, const float* viewmat,
                         const float* K, int width, int height, const float* background,
                         int num_threads, float* rgb, float* alpha, float* depth, float* square,
                         float* median) {
    const Camera cam = make_camera(viewmat, K, width, height);
    const std::vector<Splat> splats =
        project_all(cam, n, means, quats, scales, opacities, colours, num_threads);
    const Bins bins = bin_tiles(splats, width, height);
    const int num_tiles = bins.tiles_x * bins.tiles_y;
    std::atomic<int> next{0};
    run_threads(num_threads, [&](int) {
        for (int tile; (tile = next++) < num_tiles;)
            forward_tile(splats, bins, cam, tile, background, rgb, alpha, depth, square,
                         median);
    });
}

// Gradients of everything but the camera. The d_* arrays of splats must come in as zeros.
void xsim_render_backward(int n, const float* means, const float* quats, const float* scales,
                          const float* opacities, const float* colours, const float* viewmat,
                          const float* K, int width, int height, int num_threads,
                          const float* rgb, const float* alpha,
                          const float* depth, const float* square, const float* d_rgb,
                          const float* d_alpha, const float* d_depth, const float* d_square,
                          float* d_means, float* d_quats, float* d_scales,
                          float* d_opacities, float* d_colours, float* d_screen) {
    const Camera cam = make_camera(viewmat, K, width, height);
    const std::vector<Splat> splats =
        project_all(cam, n, means, quats, scales, opacities, colours, num_threads);
    const Bins bins = bin_tiles(splats, width, height);
    const int num_tiles = bins.tiles_x * bins.tiles_y;
    const PixelGrads in{rgb, alpha, depth, square, d_rgb, d_alpha, d_depth, d_square};
    const size_t stride = (size_t)n * NUM_SUMS;
    // One buffer a thread and a fixed share of tiles: no atomics, and the same sums every run.
    std::vector<float> buffers(stride * num_threads, 0.0f);
    run_threads(num_threads, [&](int worker) {
        for (int tile = worker; tile < num_tiles; tile += num_threads)
            backward_tile(splats, bins, cam, tile, in, buffers.data() + stride * worker);
    });
    run_threads(num_threads, [&](int part) {
        for (int i = part; i < n; i += num_threads) {
            if (splats[i].tx1 <= splats[i].tx0) continue;
            float* sums = buffers.data() + (size_t)i * NUM_SUMS;
            for (int worker = 1; worker < num_threads; ++worker)
                for (int q = 0; q < NUM_SUMS; ++q) sums[q] += sums[stride * worker + q];
            const size_t at = (size_t)i;
            project_backward(cam, splats[i], sums, quats + 4 * at, scales + 2 * at,
                             d_means + 3 * at, d_quats + 4 * at, d_scales + 2 * at,
                             d_screen + 2 * at);
            d_opacities[i] = sums[9];
            for (int c = 0; c < 3; ++c) d_colours[3 * at + c] = sums[10 + c];
        }
    });
}

}  // extern "C"
