// SPDX-License-Identifier: MIT
//
// A virtual destructor needs operator delete; a pure function, the run time.
struct Shape {
  virtual ~Shape();
};
Shape::~Shape() {}

struct Abstract {
  Abstract();
  virtual int Area() const = 0;
};
Abstract::Abstract() {}
