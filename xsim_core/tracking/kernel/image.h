// Small images and the filters of OpenCV that the tracker's reference uses, with its borders.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

namespace track {

using Bytes = std::vector<uint8_t>;
using Floats = std::vector<float>;

// Index into n values when they are mirrored at both ends without repeating them (BORDER_REFLECT_101).
inline int mirrored(int i, int n) {
    if (n == 1) return 0;
    while (i < 0 || i >= n) i = i < 0 ? -i : 2 * n - 2 - i;
    return i;
}

// A separable filter (odd number of taps each way) of one plane (h, w), mirrored at the border.
inline void filter(const float* in, float* out, int h, int w, const Floats& across, const Floats& down) {
    const int rx = int(across.size()) / 2, ry = int(down.size()) / 2;
    static thread_local Floats row, rows;
    row.resize(w + 2 * rx);
    rows.resize(size_t(h) * w);
    for (int y = 0; y < h; ++y) {
        const float* from = in + size_t(y) * w;
        std::copy(from, from + w, row.begin() + rx);
        for (int i = 0; i < rx; ++i) {
            row[i] = from[mirrored(i - rx, w)];
            row[rx + w + i] = from[mirrored(w + i, w)];
        }
        float* to = rows.data() + size_t(y) * w;
        std::fill(to, to + w, 0.0f);
        for (int k = 0; k <= 2 * rx; ++k) {
            const float tap = across[k];
            const float* shifted = row.data() + k;
            for (int x = 0; x < w; ++x) to[x] += tap * shifted[x];
        }
    }
    for (int y = 0; y < h; ++y) {
        float* to = out + size_t(y) * w;
        std::fill(to, to + w, 0.0f);
        for (int k = 0; k <= 2 * ry; ++k) {
            const float tap = down[k];
            const float* from = rows.data() + size_t(mirrored(y + k - ry, h)) * w;
            for (int x = 0; x < w; ++x) to[x] += tap * from[x];
        }
    }
}

inline Floats gaussian(int size, double sigma) {
    Floats taps(size);
    double sum = 0;
    for (int i = 0; i < size; ++i) {
        const double d = i - 0.5 * (size - 1);
        taps[i] = float(std::exp(-d * d / (2 * sigma * sigma)));
        sum += taps[i];
    }
    for (float& tap : taps) tap = float(tap / sum);
    return taps;
}

inline const Floats& blur3() {
    static const Floats taps = gaussian(3, 0.8);
    return taps;
}
inline const Floats& blur7() {
    static const Floats taps = gaussian(7, 2.0);
    return taps;
}
inline const Floats& blur9() {
    static const Floats taps = gaussian(9, 1.8);
    return taps;
}

// Derivatives a pixel: Scharr's (normalised by 32) and Sobel's (as it is).
inline void scharr(const float* in, float* gx, float* gy, int h, int w) {
    static const Floats step = {-1, 0, 1}, mean = {3 / 32.f, 10 / 32.f, 3 / 32.f};
    filter(in, gx, h, w, step, mean);
    filter(in, gy, h, w, mean, step);
}
inline void sobel(const float* in, float* gx, float* gy, int h, int w) {
    static const Floats step = {-1, 0, 1}, mean = {1, 2, 1};
    filter(in, gx, h, w, step, mean);
    filter(in, gy, h, w, mean, step);
}

// A mask without its border (radius in pixels); what lies outside the image is outside the mask.
inline Bytes eroded(const Bytes& mask, int h, int w, int radius) {
    Bytes across(mask.size()), out(mask.size());
    for (int y = 0; y < h; ++y)
        for (int x = 0; x < w; ++x) {
            uint8_t all = x >= radius && x + radius < w;
            for (int k = -radius; all && k <= radius; ++k) all &= mask[size_t(y) * w + x + k];
            across[size_t(y) * w + x] = all;
        }
    for (int y = 0; y < h; ++y) {
        if (y < radius || y + radius >= h) continue;
        for (int k = -radius; k <= radius; ++k)
            for (int x = 0; x < w; ++x)
                out[size_t(y) * w + x] =
                    (k == -radius || out[size_t(y) * w + x]) && across[size_t(y + k) * w + x];
    }
    return out;
}

// As NumPy's: of an even number the mean of the two in the middle. Reorders the values.
template <class Value>
inline double median(std::vector<Value>& values) {
    const size_t half = values.size() / 2;
    std::nth_element(values.begin(), values.begin() + half, values.end());
    const Value upper = values[half];
    if (values.size() % 2) return upper;
    return 0.5 * (double(upper) + *std::max_element(values.begin(), values.begin() + half));
}

}  // namespace track
