// The object's visible surface at a pose: triangles drawn into a rectangle of the image, exactly.
//
// A pixel's ray (x, y, 1) meets the triangle a b c where the three volumes ray . (b x c),
// ray . (c x a), ray . (a x b) have one sign; their sum gives the depth, their shares the point
// (homogeneous rasterisation, after Olano and Greer 1997). So what is hit is what a ray cast hits.
#pragma once

#include <limits>

#include "image.h"

namespace track {

struct Mesh {
    const float* vertices;  // (nv, 3)
    const int32_t* faces;   // (nf, 3)
    const float* uv;        // (nf, 3, 2)
    const double* hull;     // (nh, 3)
    int32_t num_vertices, num_faces, num_hull;
    double centre[3];
    double radius_m;
};

struct View {
    const uint8_t* rgb;    // (h, w, 3)
    const float* depth_m;  // (h, w)
    int32_t width, height;
    double fx, fy, cx, cy;
};

struct Roi {
    int u0 = 0, v0 = 0, u1 = 0, v1 = 0;
    bool is_empty() const { return u1 - u0 < 4 || v1 - v0 < 4; }
};

// The visible surface; what has one value a hit pixel is in the order of rows.
struct Surface {
    Roi roi;
    int h = 0, w = 0;
    Bytes mask;                // (h, w)
    std::vector<int> at;       // index into the rectangle
    std::vector<int> pixel;    // index into the image
    Floats x, y, z, nx, ny, nz, tu, tv;
    int n() const { return int(at.size()); }
};

inline void move(const double* T, const double* p, double* out) {
    for (int i = 0; i < 3; ++i) out[i] = T[4 * i] * p[0] + T[4 * i + 1] * p[1] + T[4 * i + 2] * p[2] + T[4 * i + 3];
}

inline void cross(const double* a, const double* b, double* out) {
    out[0] = a[1] * b[2] - a[2] * b[1], out[1] = a[2] * b[0] - a[0] * b[2], out[2] = a[0] * b[1] - a[1] * b[0];
}

inline double dot(const double* a, const double* b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }

inline int clipped(double value, int limit) { return int(std::min(std::max(value, 0.0), double(limit))); }

// Where the object can appear; nothing when a part of it lies at the camera or behind it.
inline Roi roi_of(const Mesh& mesh, const View& view, const double* T, int margin_px) {
    const double far = std::numeric_limits<double>::infinity();
    double u0 = far, v0 = far, u1 = -far, v1 = -far;
    for (int i = 0; i < mesh.num_hull; ++i) {
        double p[3];
        move(T, mesh.hull + 3 * i, p);
        if (!(p[2] >= 0.02)) return {};
        const double u = view.fx * p[0] / p[2] + view.cx, v = view.fy * p[1] / p[2] + view.cy;
        u0 = std::min(u0, u), u1 = std::max(u1, u), v0 = std::min(v0, v), v1 = std::max(v1, v);
    }
    if (!(u0 < far)) return {};
    return {clipped(std::floor(u0) - margin_px, view.width), clipped(std::floor(v0) - margin_px, view.height),
            clipped(std::ceil(u1) + margin_px + 1, view.width), clipped(std::ceil(v1) + margin_px + 1, view.height)};
}

struct Triangle {
    double a[3], b[3], c[3], volume;
    // Planes through the eye and an edge: of a pixel's ray, the volume against each corner.
    double to_a[3], to_b[3], to_c[3];
};

inline Triangle triangle_of(const Mesh& mesh, const std::vector<double>& corners, int face) {
    Triangle t;
    const int32_t* index = mesh.faces + 3 * size_t(face);
    std::copy_n(&corners[3 * size_t(index[0])], 3, t.a);
    std::copy_n(&corners[3 * size_t(index[1])], 3, t.b);
    std::copy_n(&corners[3 * size_t(index[2])], 3, t.c);
    cross(t.b, t.c, t.to_a), cross(t.c, t.a, t.to_b), cross(t.a, t.b, t.to_c);
    t.volume = dot(t.a, t.to_a);
    return t;
}

// Nearest faces and depths (h, w) of the rectangle.
inline void draw(const Mesh& mesh, const View& view, const std::vector<double>& corners,
                 const std::vector<double>& px, const Roi& roi, std::vector<int>& nearest, std::vector<double>& depth) {
    const int w = roi.u1 - roi.u0;
    for (int f = 0; f < mesh.num_faces; ++f) {
        const int32_t* i = mesh.faces + 3 * size_t(f);
        const double *p = &px[2 * size_t(i[0])], *q = &px[2 * size_t(i[1])], *r = &px[2 * size_t(i[2])];
        const int u0 = std::max(roi.u0, int(std::ceil(std::min({p[0], q[0], r[0]}) - 1e-6)));
        const int u1 = std::min(roi.u1 - 1, int(std::floor(std::max({p[0], q[0], r[0]}) + 1e-6)));
        if (u0 > u1) continue;
        const int v0 = std::max(roi.v0, int(std::ceil(std::min({p[1], q[1], r[1]}) - 1e-6)));
        const int v1 = std::min(roi.v1 - 1, int(std::floor(std::max({p[1], q[1], r[1]}) + 1e-6)));
        if (v0 > v1) continue;
        Triangle t = triangle_of(mesh, corners, f);
        if (t.volume == 0) continue;
        const double sign = t.volume > 0 ? 1 : -1, slack = -1e-12;
        for (int k = 0; k < 3; ++k) t.to_a[k] *= sign, t.to_b[k] *= sign, t.to_c[k] *= sign;
        const double volume = sign * t.volume;
        for (int v = v0; v <= v1; ++v) {
            const double y = (v - view.cy) / view.fy;
            const double a0 = t.to_a[1] * y + t.to_a[2], b0 = t.to_b[1] * y + t.to_b[2], c0 = t.to_c[1] * y + t.to_c[2];
            int* face = &nearest[size_t(v - roi.v0) * w - roi.u0];
            double* z = &depth[size_t(v - roi.v0) * w - roi.u0];
            for (int u = u0; u <= u1; ++u) {
                const double x = (u - view.cx) / view.fx;
                const double a = t.to_a[0] * x + a0, b = t.to_b[0] * x + b0, c = t.to_c[0] * x + c0;
                if (a < slack || b < slack || c < slack) continue;
                const double sum = a + b + c;
                if (volume < z[u] * sum) z[u] = volume / sum, face[u] = f;
            }
        }
    }
}

inline Surface render(const Mesh& mesh, const View& view, const double* T, int margin_px) {
    Surface s;
    s.roi = roi_of(mesh, view, T, margin_px);
    s.h = s.roi.v1 - s.roi.v0, s.w = s.roi.u1 - s.roi.u0;
    s.mask.assign(size_t(s.h) * s.w, 0);
    if (s.mask.empty()) return s;
    static thread_local std::vector<double> corners, px, depth;
    static thread_local std::vector<int> nearest;
    corners.resize(3 * size_t(mesh.num_vertices)), px.resize(2 * size_t(mesh.num_vertices));
    for (int i = 0; i < mesh.num_vertices; ++i) {
        const double p[3] = {mesh.vertices[3 * i], mesh.vertices[3 * i + 1], mesh.vertices[3 * i + 2]};
        double* c = &corners[3 * size_t(i)];
        move(T, p, c);
        px[2 * size_t(i)] = view.fx * c[0] / c[2] + view.cx, px[2 * size_t(i) + 1] = view.fy * c[1] / c[2] + view.cy;
    }
    nearest.assign(s.mask.size(), -1), depth.assign(s.mask.size(), std::numeric_limits<double>::infinity());
    draw(mesh, view, corners, px, s.roi, nearest, depth);
    int last = -1;
    Triangle t{};
    double normal[3] = {0, 0, 0};
    for (int i = 0; i < int(nearest.size()); ++i) {
        const int face = nearest[i];
        if (face < 0) continue;
        if (face != last) {
            t = triangle_of(mesh, corners, face), last = face;
            const double ab[3] = {t.b[0] - t.a[0], t.b[1] - t.a[1], t.b[2] - t.a[2]};
            const double ac[3] = {t.c[0] - t.a[0], t.c[1] - t.a[1], t.c[2] - t.a[2]};
            cross(ab, ac, normal);
            // Towards the camera: against the rays that hit it.
            const double length = (dot(normal, t.a) > 0 ? -1 : 1) * std::max(std::sqrt(dot(normal, normal)), 1e-20);
            for (double& k : normal) k /= length;
        }
        const int u = s.roi.u0 + i % s.w, v = s.roi.v0 + i / s.w;
        const double ray[3] = {(u - view.cx) / view.fx, (v - view.cy) / view.fy, 1.0};
        const double a = dot(ray, t.to_a), b = dot(ray, t.to_b), c = dot(ray, t.to_c), sum = a + b + c;
        const float* uv = mesh.uv + 6 * size_t(face);
        s.mask[i] = 1;
        s.at.push_back(i), s.pixel.push_back(v * view.width + u);
        s.x.push_back(float(ray[0] * depth[i])), s.y.push_back(float(ray[1] * depth[i])), s.z.push_back(float(depth[i]));
        s.nx.push_back(float(normal[0])), s.ny.push_back(float(normal[1])), s.nz.push_back(float(normal[2]));
        s.tu.push_back(float((a * uv[0] + b * uv[2] + c * uv[4]) / sum));
        s.tv.push_back(float((a * uv[1] + b * uv[3] + c * uv[5]) / sum));
    }
    return s;
}

}  // namespace track
