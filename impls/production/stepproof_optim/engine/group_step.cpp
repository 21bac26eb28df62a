// The parameters of a group are looked at and stepped in one call: what Python takes a microsecond for takes
// nanoseconds here.  Nothing is kept from one step to the next, so nothing can be out of date.
#include <torch/csrc/Dtype.h>
#include <torch/csrc/autograd/python_variable.h>
#include <torch/csrc/autograd/variable.h>

#include <vector>

namespace {

using Kernel = void (*)(int64_t, const int64_t*, void**, const double*, int64_t);

bool plain(const at::Tensor& x) {
  return x.layout() == at::kStrided && x.device().is_cpu() && !x.is_conj() && !x.is_neg() && !x._is_zerotensor() &&
      !x.unsafeGetTensorImpl()->key_set().has(c10::DispatchKey::Python);
}

// The elements of both lie in one order, without gaps.
bool alike(const at::Tensor& p, const at::Tensor& x) {
  if (!plain(x) || x.numel() != p.numel()) return false;
  if (p.is_contiguous()) return x.is_contiguous();
  return p.is_non_overlapping_and_dense() && x.sizes() == p.sizes() && x.strides() == p.strides();
}

PyObject* state_of(PyObject* state, PyObject* p, Py_ssize_t* place) {
  PyObject *key = nullptr, *value = nullptr;
  Py_ssize_t next = *place;
  if (PyDict_Next(state, &next, &key, &value) && key == p) {
    *place = next;
    return value;
  }
  return PyDict_GetItemWithError(state, p);
}

double* number_of(PyObject* kept, PyObject* key) {
  PyObject* item = PyDict_GetItemWithError(kept, key);
  if (item == nullptr || !THPVariable_Check(item)) return nullptr;
  const at::Tensor& x = THPVariable_Unpack(item);
  if (!plain(x) || x.numel() != 1 || x.scalar_type() != at::kDouble) return nullptr;
  return static_cast<double*>(x.data_ptr());
}

struct Gathered {
  std::vector<const at::Tensor*> parameters, others;
  std::vector<int64_t> sizes;
  std::vector<void*> rows;
  std::vector<double*> numbers;
};

at::ScalarType kind_of(PyObject* kinds, Py_ssize_t k) {
  return reinterpret_cast<THPDtype*>(PyTuple_GET_ITEM(kinds, k))->scalar_type;
}

bool gather(
    PyObject* params, PyObject* state, PyObject* keys, PyObject* kinds, PyObject* singles, const double* before,
    Gathered& all) {
  const Py_ssize_t columns = PyTuple_GET_SIZE(keys), scalars = PyTuple_GET_SIZE(singles);
  Py_ssize_t place = 0;
  for (Py_ssize_t n = 0; n < PyList_GET_SIZE(params); n++) {
    PyObject* object = PyList_GET_ITEM(params, n);
    if (!THPVariable_CheckExact(object)) return false;
    const at::Tensor& p = THPVariable_Unpack(object);
    const at::Tensor& gradient = p.grad();
    if (!gradient.defined()) continue;
    PyObject* kept = state_of(state, object, &place);
    if (kept == nullptr || !PyDict_Check(kept) || !plain(p) || p.is_complex()) return false;
    if (!all.parameters.empty() && p.scalar_type() != all.parameters[0]->scalar_type()) return false;
    if (!alike(p, p) || !alike(p, gradient) || gradient.scalar_type() != p.scalar_type()) return false;
    all.parameters.push_back(&p);
    all.sizes.push_back(p.numel());
    all.rows.push_back(p.data_ptr());
    all.others.push_back(&gradient);
    all.rows.push_back(gradient.data_ptr());
    for (Py_ssize_t k = 0; k < columns; k++) {
      PyObject* item = PyDict_GetItemWithError(kept, PyTuple_GET_ITEM(keys, k));
      if (item == nullptr || !THPVariable_Check(item)) return false;
      const at::Tensor& x = THPVariable_Unpack(item);
      if (!alike(p, x) || x.scalar_type() != kind_of(kinds, k)) return false;
      all.others.push_back(&x);
      all.rows.push_back(x.data_ptr());
    }
    for (Py_ssize_t k = 0; k < scalars; k++) {
      double* number = number_of(kept, PyTuple_GET_ITEM(singles, k));
      if (number == nullptr || *number != before[k]) return false;
      all.numbers.push_back(number);
    }
  }
  return true;
}

}  // namespace

// Returns how many parameters were stepped, or -1 where some cannot be stepped here; then nothing has changed.
// `keys` are the states of the parameters' shape, in the formats `kinds`.
// `singles` are the states that are one number: all parameters must have `before`, and get `after`.
extern "C" int64_t step_group(
    PyObject* params, PyObject* state, PyObject* keys, PyObject* kinds, PyObject* singles, const double* before,
    const double* after, void* kernel, const double* numbers, int64_t threads, int64_t alone) {
  Gathered all;
  try {
    if (!gather(params, state, keys, kinds, singles, before, all)) {
      PyErr_Clear();
      return -1;
    }
    int64_t total = 0;
    for (int64_t size : all.sizes) total += size;
    const auto run = [&](int64_t wanted) {
      const auto count = static_cast<int64_t>(all.sizes.size());
      if (total > 0) reinterpret_cast<Kernel>(kernel)(count, all.sizes.data(), all.rows.data(), numbers, wanted);
    };
    // All that is the interpreter's is done before another thread may have it.
    for (const at::Tensor* p : all.parameters) p->unsafeGetTensorImpl()->bump_version();
    const size_t scalars = all.parameters.empty() ? 0 : all.numbers.size() / all.parameters.size();
    for (size_t n = 0; n < all.numbers.size(); n++) *all.numbers[n] = after[n % scalars];
    if (total < alone) {
      run(1);  // sooner done than the interpreter is given to another thread
    } else {
      std::vector<at::Tensor> held;
      for (const at::Tensor* x : all.parameters) held.push_back(*x);
      for (const at::Tensor* x : all.others) held.push_back(*x);
      Py_BEGIN_ALLOW_THREADS run(threads);
      Py_END_ALLOW_THREADS
    }
    return static_cast<int64_t>(all.parameters.size());
  } catch (...) {
    return -1;
  }
}
