// Steps a folder of cases with AdamW in float32: `adamw FOLDER`. With -DWRONG epsilon stands under the root.
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

using Array = std::vector<float>;

std::string text_of(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

// The number of a key of case.json: hexadecimal in quotes, or an integer; strtod reads both.
double number(const std::string& json, const std::string& key) {
    auto place = json.find("\"" + key + "\":") + key.size() + 3;
    while (json[place] == ' ' || json[place] == '"') ++place;
    return std::strtod(json.c_str() + place, nullptr);
}

Array read(const std::string& path) {
    std::string bytes = text_of(path);
    auto first = reinterpret_cast<const float*>(bytes.data());
    return Array(first, first + bytes.size() / sizeof(float));
}

void write(const std::string& path, const Array& values) {
    std::ofstream file(path, std::ios::binary);
    file.write(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float));
}

void step(Array& theta, Array& m, Array& v, const float* g, double t, const std::string& json) {
    double eta = number(json, "eta"), beta1 = number(json, "beta1"), beta2 = number(json, "beta2");
    double epsilon = number(json, "epsilon"), lambda = number(json, "lambda");
    float size = eta / (1 - std::pow(beta1, t)), root = std::sqrt(1 - std::pow(beta2, t));
    float keep = 1 - eta * lambda, b1 = beta1, w1 = 1 - beta1, b2 = beta2, w2 = 1 - beta2;
    for (std::size_t i = 0; i < theta.size(); ++i) {
        m[i] = b1 * m[i] + w1 * g[i];
        v[i] = b2 * v[i] + w2 * (g[i] * g[i]);
#ifdef WRONG
        float denominator = std::sqrt(v[i] / (root * root) + float(epsilon));
#else
        float denominator = std::sqrt(v[i]) / root + float(epsilon);
#endif
        theta[i] = keep * theta[i] - size * (m[i] / denominator);
    }
}

int main(int, char** arguments) {
    for (int number_of_case = 1;; ++number_of_case) {
        char name[16];
        std::snprintf(name, sizeof name, "/%04d/", number_of_case);
        std::string folder = arguments[1] + std::string(name), json = text_of(folder + "case.json");
        if (json.empty()) return number_of_case == 1;
        Array theta = read(folder + "theta.bin"), m = read(folder + "m.bin"), v = read(folder + "v.bin");
        Array g = read(folder + "g.bin"), all_theta, all_m, all_v;
        for (int n = 0; n < number(json, "steps"); ++n) {
            step(theta, m, v, g.data() + n * theta.size(), number(json, "t") + n, json);
            all_theta.insert(all_theta.end(), theta.begin(), theta.end());
            all_m.insert(all_m.end(), m.begin(), m.end());
            all_v.insert(all_v.end(), v.begin(), v.end());
        }
        write(folder + "theta.out.bin", all_theta);
        write(folder + "m.out.bin", all_m);
        write(folder + "v.out.bin", all_v);
    }
}
