// One step of damped least squares for an arm of seven turning joints; the reference, with the
// source of the method, is dls_step in ../controller.py.

#include <algorithm>
#include <cmath>

namespace {

constexpr int JOINTS = 7, ROWS = 6;

// The upper three rows of a rigid transform.
struct Rigid {
    double m[3][4];
};

Rigid operator*(const Rigid& a, const double* b) {  // b: 4 x 4, row by row
    Rigid out;
    for (int i = 0; i < 3; ++i)
        for (int j = 0; j < 4; ++j) {
            out.m[i][j] = j == 3 ? a.m[i][3] : 0.0;
            for (int k = 0; k < 3; ++k) out.m[i][j] += a.m[i][k] * b[4 * k + j];
        }
    return out;
}

void turn_about_z(Rigid& T, double angle) {
    const double c = std::cos(angle), s = std::sin(angle);
    for (auto& row : T.m) {
        const double x = row[0], y = row[1];
        row[0] = c * x + s * y;
        row[1] = c * y - s * x;
    }
}

// Position and Jacobian (6 x 7, linear rows first) of the tool, from the links' offsets.
Rigid forward(const double* q, const double* offsets, const double* tool, double J[ROWS][JOINTS]) {
    Rigid T{{{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}}}, links[JOINTS];
    for (int i = 0; i < JOINTS; ++i) {
        T = T * (offsets + 16 * i);
        turn_about_z(T, q[i]);
        links[i] = T;
    }
    T = T * tool;
    for (int i = 0; i < JOINTS; ++i) {
        double axis[3], arm[3];
        for (int k = 0; k < 3; ++k) {
            axis[k] = J[3 + k][i] = links[i].m[k][2];
            arm[k] = T.m[k][3] - links[i].m[k][3];
        }
        for (int k = 0; k < 3; ++k) {
            const int l = (k + 1) % 3, m = (k + 2) % 3;
            J[k][i] = axis[l] * arm[m] - axis[m] * arm[l];
        }
    }
    return T;
}

// x of A x = b by Cholesky's decomposition; A is symmetric and, by its damping, positive.
void solve(double A[ROWS][ROWS], double b[ROWS]) {
    for (int i = 0; i < ROWS; ++i)
        for (int j = 0; j <= i; ++j) {
            double left = A[i][j];
            for (int k = 0; k < j; ++k) left -= A[i][k] * A[j][k];
            A[i][j] = i == j ? std::sqrt(left) : left / A[j][j];
        }
    for (int i = 0; i < ROWS; ++i) {
        for (int k = 0; k < i; ++k) b[i] -= A[i][k] * b[k];
        b[i] /= A[i][i];
    }
    for (int i = ROWS - 1; i >= 0; --i) {
        for (int k = i + 1; k < ROWS; ++k) b[i] -= A[k][i] * b[k];
        b[i] /= A[i][i];
    }
}

}  // namespace

// The arm: offsets (7, 4, 4) before each joint's turn, tool (4, 4), and the joints' ends (7,).
// The goal: position (3,) and rotation (3, 3). The answer: joints (7,).
extern "C" void xsim_arm_dls_step(const double* offsets, const double* tool, const double* low,
                                  const double* high, const double* q, const double* position,
                                  const double* rotation, double damping, double* answer) {
    double J[ROWS][JOINTS], R[3][3], gram[ROWS][ROWS], error[ROWS];
    const Rigid T = forward(q, offsets, tool, J);
    for (int i = 0; i < 3; ++i) {
        error[i] = position[i] - T.m[i][3];
        for (int j = 0; j < 3; ++j) {
            R[i][j] = 0;
            for (int k = 0; k < 3; ++k) R[i][j] += rotation[3 * i + k] * T.m[j][k];
        }
    }
    for (int k = 0; k < 3; ++k) {
        const int l = (k + 1) % 3, m = (k + 2) % 3;
        error[3 + k] = 0.5 * (R[m][l] - R[l][m]);
    }
    for (int i = 0; i < ROWS; ++i)
        for (int j = 0; j <= i; ++j) {
            gram[i][j] = i == j ? damping * damping : 0.0;
            for (int k = 0; k < JOINTS; ++k) gram[i][j] += J[i][k] * J[j][k];
        }
    solve(gram, error);
    for (int k = 0; k < JOINTS; ++k) {
        double joint = q[k];
        for (int i = 0; i < ROWS; ++i) joint += J[i][k] * error[i];
        answer[k] = std::min(std::max(joint, low[k]), high[k]);
    }
}
